import Safetensors
import Tensor

/// A frozen matrix W of ``rows`` × ``columns`` (outputs × inputs), kept in its file's type and memory-mapped.
///
/// It knows no layers: only how weights lie in a file and how to multiply by them without a second copy. How many rows
/// x has chooses the kernel of x·Wᵀ:
///
/// | rows of x | kernel | what a row's bits depend on |
/// |---|---|---|
/// | up to ``fewRows`` | straight from the file's bytes, weights are read once | that row and W alone |
/// | more | panels of W converted to Float, then OpenBLAS | also on how many rows x has and the row's place |
/// | any, where W is ``packed()`` | weights that are Float already | that row and W alone |
/// | any, where W is ``packedInPanels()`` | BF16 weights by BF16 x | that row and W alone |
///
/// So a sequence that is decoded in a batch of at most ``fewRows`` gets the same bits whatever else is in the batch.
/// The number of threads changes no bit in any kernel. Bits do differ between the kernels (by rounding alone), between
/// storage types of equal values, and between a matrix and its transposed storage.
public struct WeightMatrix: Sendable {
    /// Outputs.
    public let rows: Int
    /// Inputs.
    public let columns: Int

    let format: Format
    /// Keeps the file mapped.
    private let tensor: StoredTensor
    private let start: Int
    private let scales: StoredTensor?
    private let scalesStart: Int
    private var copy: Copy?

    /// A second copy of the weights, in the order in which products read them.
    private enum Copy: Sendable {
        case float(PackedWeights)
        case bf16(BF16Panels)
    }

    /// How weights lie in the file.
    enum Format: Sendable {
        /// Row after row, one number an element.
        case plain(ElementType)
        /// Column after column: the file holds Wᵀ.
        case transposed(ElementType)
        /// Blocks of 32 four-bit numbers with a scale each, row after row.
        case mxfp4
        /// Row after row, in blocks of GGUF's.
        case blocks(ElementType)
    }

    private static let floats: [ElementType] = [.f32, .f16, .bf16]

    /// The most rows of x that are multiplied straight from the file's bytes.
    public static let fewRows = 64

    /// The whole of a matrix.
    ///
    /// - Parameter tensor: shape [rows, columns], of type F32, F16 or BF16, or of a block type.
    /// - Throws: `WeightError` for another type or shape.
    public init(_ tensor: StoredTensor) throws {
        let isInBlocks = tensor.type.blockSize > 1
        try Self.check(
            tensor, rank: 2, layout: "[rows, columns]", types: isInBlocks ? ElementType.ofBlocks : Self.floats)
        self.init(
            rows: tensor.shape[0], columns: tensor.shape[1],
            format: isInBlocks ? .blocks(tensor.type) : .plain(tensor.type), tensor: tensor, start: 0)
    }

    /// One matrix of a stack, such as one expert's.
    ///
    /// - Parameters:
    ///   - tensor: shape [n, rows, columns], or [n, columns, rows] where transposed, of type F32, F16 or BF16.
    ///   - index: which one, in 0..<n.
    /// - Throws: `WeightError` for another type or shape, or an index outside the stack.
    public init(_ tensor: StoredTensor, index: Int, isTransposed: Bool) throws {
        let layout = isTransposed ? "[n, columns, rows]" : "[n, rows, columns]"
        try Self.check(tensor, rank: 3, layout: layout)
        try Self.check(index, in: tensor)
        let height = tensor.shape[1], width = tensor.shape[2]
        self.init(
            rows: isTransposed ? width : height, columns: isTransposed ? height : width,
            format: isTransposed ? .transposed(tensor.type) : .plain(tensor.type),
            tensor: tensor, start: index * height * width * tensor.type.byteWidth)
    }

    /// One matrix of a stack in MXFP4: a weight is `fp4(nibble)·2^(scale − 127)`, 32 neighbours in a row share a scale,
    /// and a byte holds two neighbours, the first in its low half.
    ///
    /// - Parameters:
    ///   - blocks: shape [n, rows, columns/32, 16], of type U8.
    ///   - scales: shape [n, rows, columns/32], of type U8.
    ///   - index: which one, in 0..<n.
    /// - Throws: `WeightError` for another type or shape, or an index outside the stack.
    public init(mxfp4 blocks: StoredTensor, scales: StoredTensor, index: Int) throws {
        for (tensor, rank, layout) in [(blocks, 4, "[n, rows, columns/32, 16]"), (scales, 3, "[n, rows, columns/32]")] {
            try Self.check(tensor, rank: rank, layout: layout, types: [.u8])
        }
        guard blocks.shape[3] == MXFP4.bytesPerBlock else {
            throw WeightError(
                "tensor '\(blocks.name)' has the shape \(blocks.shape), expected [n, rows, columns/32, 16]: blocks of "
                    + "32 columns in 16 bytes"
            )
        }
        guard scales.shape == Array(blocks.shape.prefix(3)) else {
            throw WeightError(
                "tensor '\(scales.name)' has the shape \(scales.shape), expected \(Array(blocks.shape.prefix(3))), a "
                    + "scale for each block of '\(blocks.name)'"
            )
        }
        try Self.check(index, in: blocks)
        let rows = blocks.shape[1], blocksPerRow = blocks.shape[2]
        self.init(
            rows: rows, columns: blocksPerRow * MXFP4.blockSize, format: .mxfp4,
            tensor: blocks, start: index * rows * blocksPerRow * MXFP4.bytesPerBlock,
            scales: scales, scalesStart: index * rows * blocksPerRow)
    }

    private init(
        rows: Int, columns: Int, format: Format, tensor: StoredTensor, start: Int, scales: StoredTensor? = nil,
        scalesStart: Int = 0
    ) {
        self.rows = rows
        self.columns = columns
        self.format = format
        self.tensor = tensor
        self.start = start
        self.scales = scales
        self.scalesStart = scalesStart
    }

    private static func check(
        _ tensor: StoredTensor, rank: Int, layout: String, types: [ElementType] = floats
    ) throws {
        guard types.contains(tensor.type) else {
            let expected = types.map(\.rawValue).joined(separator: ", ")
            throw WeightError("tensor '\(tensor.name)' has the type \(tensor.type.rawValue), expected \(expected)")
        }
        guard tensor.shape.count == rank else {
            throw WeightError(
                "tensor '\(tensor.name)' has the shape \(tensor.shape), expected \(rank) dimensions \(layout)")
        }
    }

    private static func check(_ index: Int, in tensor: StoredTensor) throws {
        guard index >= 0, index < tensor.shape[0] else {
            throw WeightError(
                "tensor '\(tensor.name)' is a stack of \(tensor.shape[0]) matrices, asked for number \(index)")
        }
    }

    /// x·Wᵀ.
    ///
    /// - Parameter x: [R, columns].
    /// - Returns: [R, rows].
    public func product(_ x: Tensor<Float>) -> Tensor<Float> {
        require(
            x.columns == columns,
            "x of shape \(x.shape) times a weight matrix of \(rows) × \(columns): inner sizes differ")
        guard columns > 0 else { return Tensor(shape: [x.rows, rows]) }
        if let panels { return panels.product(x) }
        return Tensor(shape: [x.rows, rows]) { result in
            guard x.rows > 0, rows > 0, let y = result.baseAddress else { return }
            withBytes { bytes in
                if case .float(let packedWeights) = copy {
                    packedWeights.setProduct(y, x)
                } else if x.rows > Self.fewRows {
                    setPanelProduct(y, x, bytes)
                } else if case .transposed = format {
                    setTransposedFewRowsProduct(y, x, bytes)
                } else {
                    setFewRowsProduct(y, x, bytes)
                }
            }
        }
    }

    /// The same matrix with a second copy of its weights, in Float: small matrices are multiplied several times faster.
    public func packed() -> WeightMatrix {
        var result = self
        result.copy = .float(withBytes { PackedWeights($0) })
        return result
    }

    /// The same matrix with a second copy of its weights in panels, where it is BF16 and this processor multiplies such
    /// numbers; otherwise the matrix as it is.
    ///
    /// Products then round x to BF16, and are the faster the fewer rows x has.
    public func packedInPanels() -> WeightMatrix {
        guard BF16Panels.isAvailable, case .plain(.bf16) = format else { return self }
        var result = self
        result.copy = .bf16(
            withBytes { bytes in
                BF16Panels(
                    BF16Matrix(
                        columns: columns, rowPointers: (0..<rows).map { bytes.weights + 2 * $0 * columns }, owner: nil))
            })
        return result
    }

    /// Whether this processor has a use for ``packedInPanels()``.
    public static var hasPanels: Bool { BF16Panels.isAvailable }

    /// Whether products round x to BF16.
    public var roundsInput: Bool { panels != nil }

    private var panels: BF16Panels? { if case .bf16(let panels) = copy { panels } else { nil } }

    /// x·Wᵀ of several matrices; where all are in panels, x is rounded once, and threads share out all of the work.
    ///
    /// - Parameters:
    ///   - x: [R, columns].
    ///   - matrices: of as many columns.
    /// - Returns: of each [R, its rows].
    public static func products(_ x: Tensor<Float>, _ matrices: [WeightMatrix]) -> [Tensor<Float>] {
        let panels = matrices.compactMap(\.panels)
        return panels.count == matrices.count
            ? BF16Panels.products(x, panels) : matrices.map { $0.product(x) }
    }

    /// Some rows of W, such as the embeddings of tokens.
    ///
    /// - Parameter ids: numbers of rows, each in 0..<rows.
    /// - Returns: [ids.count, columns].
    public func gathered(_ ids: [Int]) -> Tensor<Float> {
        Tensor(shape: [ids.count, columns]) { result in
            guard columns > 0, let result = result.baseAddress else { return }
            withBytes { bytes in
                for (place, id) in ids.enumerated() {
                    require(id >= 0 && id < rows, "row \(id) of a weight matrix of \(rows) × \(columns)")
                    bytes.decodeMatrixRow(id, into: result + place * columns)
                }
            }
        }
    }

    /// The matrix's bytes for the time of a call; the file stays mapped meanwhile.
    func withBytes<Result>(_ body: (WeightBytes) throws -> Result) rethrows -> Result {
        try withExtendedLifetime((tensor, scales)) {
            // An empty tensor has no address, and none of its bytes is ever read.
            let nowhere = UnsafeRawPointer(bitPattern: 64)!
            return try body(
                WeightBytes(
                    format: format, rows: rows, columns: columns,
                    weights: tensor.bytes.baseAddress.map { $0 + start } ?? nowhere,
                    scales: scales?.bytes.baseAddress.map { $0 + scalesStart } ?? nowhere))
        }
    }
}
