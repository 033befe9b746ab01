import GGUF
import Safetensors
import Tensor

/// The bytes of one weight matrix, and how numbers are read from them.
///
/// `@unchecked Sendable`: the pointers are into a mapping that nobody writes, kept open by the `WeightMatrix` whose
/// call this belongs to, so threads may share them. Ranges are the caller's duty.
struct WeightBytes: @unchecked Sendable {
    let format: WeightMatrix.Format
    let rows: Int
    let columns: Int
    let weights: UnsafeRawPointer
    let scales: UnsafeRawPointer

    /// Numbers in a line of the file: a row of W, or a column of it where it is stored transposed.
    var lineCount: Int {
        if case .transposed = format { rows } else { columns }
    }

    /// Numbers `range` of line `line` as Float, from and to whole blocks where there are some. MXFP4 comes in the order
    /// of `arrange`.
    @inline(__always)
    func decodeLine(_ line: Int, _ range: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        switch format {
        case .plain(let type), .transposed(let type):
            let first = line * lineCount + range.lowerBound
            _ = Float.decode(weights + first * type.byteWidth, range.count, from: type, into: destination)
        case .mxfp4:
            let block = (line * columns + range.lowerBound) / MXFP4.blockSize
            decodeMXFP4(
                weights + block * MXFP4.bytesPerBlock, scales + block, blocks: range.count / MXFP4.blockSize,
                into: destination)
        case .blocks(let type):
            let block = (line * columns + range.lowerBound) / type.blockSize
            Float.decodeBlocks(weights + block * type.byteWidth, range.count, from: type, into: destination)
        }
    }

    /// Row `row` of W, whatever its storage, in its own order.
    func decodeMatrixRow(_ row: Int, into destination: UnsafeMutablePointer<Float>) {
        switch format {
        case .plain, .blocks:
            decodeLine(row, 0..<columns, into: destination)
        case .transposed:
            for column in 0..<columns { decodeLine(column, row..<row + 1, into: destination + column) }
        case .mxfp4:
            decodeLine(row, 0..<columns, into: destination)
            for block in stride(from: 0, to: columns, by: MXFP4.blockSize) {
                let arranged = loadVector(destination + block), odds = loadVector(destination + block + 16)
                for pair in 0..<16 {
                    destination[block + 2 * pair] = arranged[pair]
                    destination[block + 2 * pair + 1] = odds[pair]
                }
            }
        }
    }
}

/// Numbers that a kernel takes in one step: two vectors.
let stepSize = 32

/// Copies rows of x, each padded with zeros to whole steps.
///
/// - Parameter evensFirst: puts the even places of each 32 before the odd ones: the order in which two numbers packed
///   in a word come apart with a shift and a mask.
@inline(never)
func arrange(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, evensFirst: Bool, into arranged: UnsafeMutablePointer<Float>,
    stride: Int
) {
    for row in 0..<rows {
        let source = x + row * columns, target = arranged + row * stride
        let whole = columns / stepSize * stepSize
        if evensFirst {
            for start in Swift.stride(from: 0, to: whole, by: stepSize) {
                for pair in 0..<16 {
                    target[start &+ pair] = source[start &+ 2 &* pair]
                    target[start &+ 16 &+ pair] = source[start &+ 2 &* pair &+ 1]
                }
            }
        } else {
            target.update(from: source, count: whole)
        }
        (target + whole).update(repeating: 0, count: stride - whole)
        for column in whole..<columns {
            let place = column - whole
            target[whole + (evensFirst ? place / 2 + place % 2 * 16 : place)] = source[column]
        }
    }
}
