import Foundation
import Safetensors
import Tensor
import TestSupport
import Testing

@testable import Backbone

/// A backbone by BF16 products beside the same weights by Float products.
@Suite struct BF16TransformerTests {
    private static let kinds: [TinyModel.Kind] = [.llama, .qwen2, .qwen3, .qwen3MoE, .gptOSS, .deepSeekV3]

    /// Writes the model's weights again, all in one type.
    private static func write(_ tiny: TinyModel, as type: ElementType = .bf16) throws {
        let path = tiny.folder.appendingPathComponent("model.safetensors").path, file = try SafetensorsFile(path: path)
        let tensors = try file.entries.map { entry in
            let tensor = try file.tensor(entry.name)
            return NewTensor(entry.name, tensor.shape, try tensor.values(as: Float.self), as: type)
        }
        try SafetensorsWriter.write(tensors, to: path)
    }

    private static func load(_ tiny: TinyModel, _ precision: ProductPrecision.Choice) throws -> Transformer {
        try Transformer(
            configuration: tiny.loadConfiguration(), checkpoint: Checkpoint(folder: tiny.folder.path),
            precision: precision, mostTinyWeights: 0)
    }

    /// |a − b| / |b| of each row; the median of them. A row that visits another expert, by a hair, is another row.
    private static func relativeNorm(_ a: Tensor<Float>, _ b: Tensor<Float>) -> Double {
        let errors = (0..<a.rows).map { row in
            var difference = 0.0, size = 0.0
            for column in 0..<a.columns {
                let (x, y) = (a[row, column], b[row, column])
                difference += Double((x - y) * (x - y))
                size += Double(y * y)
            }
            return (difference / size).squareRoot()
        }
        return errors.sorted()[errors.count / 2]
    }

    /// Rounding to eight bits of each product's inputs leaves some tenths of a percent; a lost head, page or column
    /// leaves tens.
    @Test(.enabled(if: BF16Kernels.hasTiles), arguments: kinds)
    func hiddenStatesAreThoseOfFloatProducts(_ kind: TinyModel.Kind) throws {
        // Heads of more than one panel of values, and of an odd number of pairs.
        for headSize in [10, 74] where kind != .deepSeekV3 || headSize == 10 {
            let tiny = try TinyModel(kind, kind == .deepSeekV3 ? [:] : ["head_dim": headSize])
            try Self.write(tiny)
            let model = try Self.load(tiny, .bf16), float = try Self.load(tiny, .float)
            #expect(model.precision == .bf16 && float.precision == .float)
            #expect(model.independentRows == ([.llama, .qwen2, .qwen3].contains(kind) ? .max : 64))
            let sequences = [tiny.tokens(128), tiny.tokens(3), tiny.tokens(65), tiny.tokens(16), tiny.tokens(64)]
            let got = try model.hidden(sequences), wanted = try float.hidden(sequences)
            let error = Self.relativeNorm(got, wanted)
            #expect(error < 0.02 && error > 1e-5, "\(kind), heads of \(headSize): \(error)")
            #expect(Self.relativeNorm(model.logits(wanted), float.logits(wanted)) < 0.01)
            // Step by step, and after a prompt: a past that other passes left.
            let stepped = try model.advance(
                sequences.map { tokens in
                    let cache = model.makeCache()
                    _ = try model.advance([(cache, Array(tokens.dropLast(2)))])
                    _ = try model.advance([(cache, [tokens[tokens.count - 2]])])
                    return (cache, [tokens[tokens.count - 1]])
                })
            let ends = sequences.reduce(into: [-1]) { $0.append($0[$0.count - 1] + $1.count) }.dropFirst()
            #expect(Self.relativeNorm(stepped, wanted.selecting(rows: Array(ends))) < 0.03, "\(kind)")
        }
    }

    @Test(.enabled(if: BF16Kernels.hasTiles), arguments: [TinyModel.Kind.llama, .qwen2, .qwen3MoE, .gptOSS])
    func decodedRowHasTheSameBitsInAnyCompany(_ kind: TinyModel.Kind) throws {
        let tiny = try TinyModel(kind)
        try Self.write(tiny)
        let model = try Self.load(tiny, .bf16)
        func steps(_ count: Int) throws -> [(cache: KVCache, tokens: [Int])] {
            try (0..<count).map { row in
                let cache = model.makeCache()
                _ = try model.advance([(cache, tiny.tokens(5 + row % 30, seed: UInt64(row)))])
                return (cache, [row % 40])
            }
        }
        let count = min(70, model.independentRows), together = try model.advance(steps(count))
        for row in [0, 33, count - 1] {
            let alone = try model.advance([try steps(count)[row]])
            #expect(together.selecting(rows: [row]) == alone, "row \(row)")
        }
        #expect(model.logits(together).selecting(rows: [33]) == model.logits(together.selecting(rows: [33])))
    }

    @Test func choiceFollowsCheckpointAndSize() throws {
        let tiny = try TinyModel(.llama)
        try Self.write(tiny, as: .f32)
        let error = #expect(throws: ModelError.self) { _ = try Self.load(tiny, .bf16) }
        #expect(error?.description.hasSuffix("found matrices in F32, expected BF16 for BF16 products") == true)
        #expect(try Self.load(tiny, .automatic).precision == .float)
        try Self.write(tiny)
        let wanted = BF16Kernels.hasTiles ? ProductPrecision.bf16 : .float
        #expect(try Self.load(tiny, .automatic).precision == wanted)
        #expect(try Self.load(tiny, .bf16).precision == wanted)
        // A tiny model keeps Float.
        let small = try Transformer(directory: tiny.folder, precision: .automatic)
        #expect(small.isTiny && small.precision == .float)
        #expect(try Transformer(directory: tiny.folder, precision: .bf16).isTiny == !BF16Kernels.hasTiles)
        // Another processor: Float, with the same kernels as ever.
        let elsewhere = try BF16Kernels.$avoidsTiles.withValue(true) { try Self.load(tiny, .bf16) }
        #expect(elsewhere.precision == .float)
    }
}
