import Safetensors
import Tensor

/// A frozen matrix W of `rows` × `columns` (outputs × inputs), kept in its file's type and memory-mapped.
///
/// Products convert a panel of the matrix at a time, so that no second copy of it is ever whole in memory.
public struct WeightMatrix: Sendable {
    public let rows: Int, columns: Int

    private enum Content {
        /// Elements from `offset` on, [rows, columns], or [columns, rows] where transposed.
        case plain(StoredTensor, offset: Int, isTransposed: Bool)
        /// Blocks of 32 four-bit floats with one scale 2^(s−127) each, [rows, columns/32]; from block `offset` on.
        case mxfp4(blocks: StoredTensor, scales: StoredTensor, offset: Int)
    }
    private let content: Content

    /// A whole tensor [rows, columns] of F32, F16 or BF16.
    public init(_ tensor: StoredTensor) throws {
        guard tensor.shape.count == 2 else { throw Self.mismatch(tensor, expected: "a matrix") }
        (rows, columns) = (tensor.shape[0], tensor.shape[1])
        content = .plain(tensor, offset: 0, isTransposed: false)
    }

    /// Matrix `index` of a stack: [n, rows, columns], or [n, columns, rows] where `isTransposed`.
    public init(_ tensor: StoredTensor, index: Int, isTransposed: Bool = false) throws {
        guard tensor.shape.count == 3, index >= 0, index < tensor.shape[0] else {
            throw Self.mismatch(tensor, expected: "a stack of more than \(index) matrices")
        }
        let (first, second) = (tensor.shape[1], tensor.shape[2])
        (rows, columns) = isTransposed ? (second, first) : (first, second)
        content = .plain(tensor, offset: index * first * second, isTransposed: isTransposed)
    }

    /// Matrix `index` of a stack in MXFP4: blocks U8 [n, rows, columns/32, 16], two elements a byte, low half first;
    /// scales U8 [n, rows, columns/32].
    public init(mxfp4 blocks: StoredTensor, scales: StoredTensor, index: Int) throws {
        guard blocks.shape.count == 4, blocks.shape[3] == 16, blocks.type == .u8, index >= 0, index < blocks.shape[0] else {
            throw Self.mismatch(blocks, expected: "U8 blocks [more than \(index), rows, groups, 16]")
        }
        guard scales.shape == Array(blocks.shape.prefix(3)), scales.type == .u8 else {
            throw Self.mismatch(scales, expected: "U8 scales \(Array(blocks.shape.prefix(3)))")
        }
        (rows, columns) = (blocks.shape[1], blocks.shape[2] * 32)
        content = .mxfp4(blocks: blocks, scales: scales, offset: index * blocks.shape[1] * blocks.shape[2])
    }

    /// x·Wᵀ: [R, columns] → [R, rows].
    public func product(_ x: Tensor<Float>) -> Tensor<Float> {
        require(x.columns == columns, "product of \(x.shape) with a weight matrix of \(rows) × \(columns)")
        var result = Tensor<Float>(shape: [x.rows, rows])
        if case .plain(_, _, isTransposed: true) = content {
            for panel in Self.panels(of: columns) {
                result.setProduct(x.matrix[columns: panel], stored(panel).matrix, accumulate: true)
            }
        } else {
            for panel in Self.panels(of: rows) {
                result.setProduct(x.matrix, stored(panel).matrix.transposed, columns: panel)
            }
        }
        return result
    }

    /// The rows `ids` of W as Float, [ids.count, columns].
    public func gathered(_ ids: [Int]) -> Tensor<Float> {
        if case .plain(_, _, isTransposed: true) = content { require(false, "rows of a transposed weight matrix") }
        var values: [Float] = []
        values.reserveCapacity(ids.count * columns)
        for id in ids { values += stored(id..<id + 1).elements }
        return Tensor(shape: [ids.count, columns], values)
    }

    private static func panels(of count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: 512).map { $0..<min(count, $0 + 512) }
    }

    private static func mismatch(_ tensor: StoredTensor, expected: String) -> ModelError {
        ModelError(
            .mismatch,
            "\(tensor.file.path): found tensor '\(tensor.name)' as \(tensor.type.rawValue) \(tensor.shape), expected \(expected)")
    }

    /// Rows `panel` of what the file has, as Float.
    private func stored(_ panel: Range<Int>) -> Tensor<Float> {
        switch content {
        case .plain(let tensor, let offset, let isTransposed):
            let width = isTransposed ? rows : columns
            return Tensor(shape: [panel.count, width]) { buffer in
                let range = offset + panel.lowerBound * width..<offset + panel.upperBound * width
                // Types were checked when the matrix was made; only integers can fail to convert.
                do { try tensor.copy(range, into: buffer) } catch { require(false, "\(error)") }
            }
        case .mxfp4(let blocks, let scales, let offset):
            let groups = columns / 32
            return Tensor(shape: [panel.count, columns]) { buffer in
                let bytes = blocks.bytes, exponents = scales.bytes
                for group in 0..<panel.count * groups {
                    let block = offset + panel.lowerBound * groups + group
                    let scale = Float(sign: .plus, exponent: Int(exponents[block]) - 127, significand: 1)
                    for byte in 0..<16 {
                        let pair = bytes[block * 16 + byte]
                        buffer[group * 32 + byte * 2] = Self.fourBitValues[Int(pair & 15)] * scale
                        buffer[group * 32 + byte * 2 + 1] = Self.fourBitValues[Int(pair >> 4)] * scale
                    }
                }
            }
        }
    }

    /// The sixteen numbers of E2M1: sign, two bits of exponent, one of mantissa.
    private static let fourBitValues: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6]
}
