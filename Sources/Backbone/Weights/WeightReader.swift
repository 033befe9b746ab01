import WeightMatrices
import Safetensors
import Tensor

/// Finds a layer's weights in a checkpoint by name, and holds each against the shape that the configuration implies.
struct WeightReader {
    let checkpoint: any TensorSource
    /// What all names begin with, such as `model.layers.3.mlp.`.
    var prefix = ""
    /// Which second copy matrices get: see `WeightMatrix.packed` and `packedInPanels`.
    var packing = Packing.none

    enum Packing { case none, float, panels }

    static let floats: [ElementType] = [.f32, .f16, .bf16]

    /// Matrices whose products stay Float whatever the others' are.
    var inFloat: WeightReader {
        WeightReader(checkpoint: checkpoint, prefix: prefix, packing: packing == .panels ? .none : packing)
    }

    /// The names below `name`.
    func below(_ name: String) -> WeightReader {
        WeightReader(checkpoint: checkpoint, prefix: "\(prefix)\(name).", packing: packing)
    }

    func contains(_ name: String) -> Bool { checkpoint.contains(prefix + name) }

    /// `name.weight`, [rows, columns], with `name.bias`, [rows], where there is one.
    func projection(_ name: String, rows: Int, columns: Int, hasBias: Bool = false) throws -> Projection {
        Projection(
            weight: try matrix("\(name).weight", rows: rows, columns: columns),
            bias: hasBias ? Tensor(shape: [1, rows], try vector("\(name).bias", count: rows)) : nil)
    }

    /// Several projections from one matrix, `name.weight`, [Σ rows, columns], one below the other.
    func projections(_ name: String, rows: [Int], columns: Int) throws -> [Projection] {
        let whole = try checkpoint.require(
            "\(prefix)\(name).weight", shape: [rows.reduce(0, +), columns], types: Self.floats)
        var start = 0
        return try rows.map { count in
            defer { start += count }
            return Projection(weight: packed(try WeightMatrix(whole.rows(start..<start + count))))
        }
    }

    /// - Parameter offset: what is added to each weight.
    func norm(_ name: String, count: Int, epsilon: Double, offset: Float = 0) throws -> RootMeanSquareNorm {
        RootMeanSquareNorm(
            weight: try vector("\(name).weight", count: count).map { $0 + offset }, epsilon: Float(epsilon))
    }

    func matrix(_ name: String, rows: Int, columns: Int) throws -> WeightMatrix {
        let name = prefix + name, blocks = checkpoint.find(name).map(\.type).flatMap { $0.blockSize > 1 ? $0 : nil }
        return packed(
            try WeightMatrix(
                checkpoint.require(name, shape: [rows, columns], types: Self.floats + [blocks].compactMap(\.self))))
    }

    /// With its second copy, where this reader makes them.
    private func packed(_ matrix: WeightMatrix) -> WeightMatrix {
        switch packing {
        case .none: matrix
        case .float: matrix.packed()
        case .panels: matrix.packedInPanels()
        }
    }

    func vector(_ name: String, count: Int) throws -> [Float] {
        try checkpoint.require(prefix + name, shape: [count], types: Self.floats).values(as: Float.self)
    }

    /// The projections of all experts from stacks: `name` [experts, columns, rows] with the transposed matrices, or
    /// `name_blocks` and `name_scales` where they are in MXFP4; and `name_bias`, [experts, rows].
    func expertProjections(_ name: String, experts: Int, rows: Int, columns: Int, isMXFP4: Bool) throws -> [Projection]
    {
        let biases = try checkpoint.require("\(prefix)\(name)_bias", shape: [experts, rows], types: Self.floats).values(
            as: Float.self)
        let matrix: (Int) throws -> WeightMatrix
        if isMXFP4 {
            guard columns % 32 == 0 else {
                throw ModelError(
                    .malformed,
                    "\(checkpoint.path): found experts with \(columns) inputs in MXFP4, expected a multiple of 32")
            }
            let groups = columns / 32
            let blocks = try checkpoint.require(
                "\(prefix)\(name)_blocks", shape: [experts, rows, groups, 16], types: [.u8])
            let scales = try checkpoint.require(
                "\(prefix)\(name)_scales", shape: [experts, rows, groups], types: [.u8])
            matrix = { try WeightMatrix(mxfp4: blocks, scales: scales, index: $0) }
        } else {
            let stack = try checkpoint.require(prefix + name, shape: [experts, columns, rows], types: Self.floats)
            matrix = { try WeightMatrix(stack, index: $0, isTransposed: true) }
        }
        return try (0..<experts).map { expert in
            Projection(
                weight: packed(try matrix(expert)),
                bias: Tensor(shape: [1, rows], biases[expert * rows..<(expert + 1) * rows]))
        }
    }
}
