import Safetensors
import Tensor

// The cut of the work; no result depends on it. Memory is read once: the lines of a block wait in the second-level
// cache for the next group of x's rows.
private let linesPerBlock = 16
private let rowsPerGroup = 16
/// Columns at a time where several tiles pass over them: x's share and four converted lines of W stay in the
/// first-level cache.
private let columnsPerPiece = 256
/// Columns at a time where a single tile does: memory likes long stretches.
private let columnsPerLongPiece = 4096

extension WeightMatrix {
    /// x·Wᵀ for few rows of x and weights stored row by row.
    func setFewRowsProduct(_ y: UnsafeMutablePointer<Float>, _ x: Tensor<Float>, _ bytes: WeightBytes) {
        let count = x.rows, rows = rows, columns = columns
        let stride = (columns + stepSize - 1) / stepSize * stepSize
        let arranged = Tensor<Float>(shape: [count, stride]) { arranged in
            withPointers(to: x) { x in
                arrange(
                    x, rows: count, columns: columns, evensFirst: format.comesEvensFirst,
                    into: arranged.baseAddress!, stride: stride)
            }
        }
        withPointers(to: arranged) { arranged in
            // Threads read x and write disjoint columns of y.
            nonisolated(unsafe) let x = arranged, y = y
            Parallel.forEachBlock(of: rows, blockSize: linesPerBlock) { block in
                for top in Swift.stride(from: 0, to: count, by: rowsPerGroup) {
                    bytes.setProducts(
                        block, x + top * stride, rows: min(rowsPerGroup, count - top), stride: stride,
                        into: y + top * rows)
                }
            }
        }
    }
}

extension WeightMatrix.Format {
    /// Whether the kernel gets each 32 columns in the order of `arrange`, even places first.
    fileprivate var comesEvensFirst: Bool {
        switch self {
        case .plain(let type), .transposed(let type): type == .bf16
        case .mxfp4: true
        case .blocks: false
        }
    }
}

extension WeightBytes {
    /// Whether the kernel reads the file's bytes themselves.
    private var isReadDirectly: Bool {
        if case .plain(let type) = format { type == .bf16 || type == .f32 } else { false }
    }

    /// Columns `block` of y for some rows of x, at most a group.
    fileprivate func setProducts(
        _ block: Range<Int>, _ x: UnsafePointer<Float>, rows xRows: Int, stride: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        let wholeSteps = columns / stepSize * stepSize
        let pieceSize = xRows <= 4 && isReadDirectly ? columnsPerLongPiece : columnsPerPiece
        let quads = (block.count + 3) / 4, quadSums = (xRows + 3) / 4 * 256
        let sumsCount = quads * quadSums, linesCount = 4 * columnsPerPiece
        withUnsafeTemporaryAllocation(byteCount: (sumsCount + 2 * linesCount) * 4, alignment: 64) { memory in
            let sums = memory.bindMemory(to: Float.self).baseAddress!
            let scratch = sums + sumsCount, converted = scratch + linesCount
            sums.update(repeating: 0, count: sumsCount)
            var first = 0
            while first < columns {
                // A rest of less than a step is a piece of its own.
                let piece = first..<(first < wholeSteps ? min(first + pieceSize, wholeSteps) : columns)
                for quad in 0..<quads {
                    let line = block.lowerBound + 4 * quad
                    addLines(
                        line..<min(line + 4, block.upperBound), piece, x + first, xRows, stride, scratch, converted,
                        sums + quad * quadSums)
                }
                first = piece.upperBound
            }
            for quad in 0..<quads {
                let line = block.lowerBound + 4 * quad
                reduceSums(
                    sums + quad * quadSums, rows: xRows, width: min(4, block.upperBound - line), into: y + line,
                    stride: rows)
            }
        }
    }

    /// Adds the products of columns `piece` of up to four lines of W with some rows of x to the sums.
    ///
    /// - Parameters:
    ///   - x: at the piece's first column.
    ///   - scratch, converted: room for four lines of `columnsPerPiece` each.
    private func addLines(
        _ lines: Range<Int>, _ piece: Range<Int>, _ x: UnsafePointer<Float>, _ xRows: Int, _ stride: Int,
        _ scratch: UnsafeMutablePointer<Float>, _ converted: UnsafeMutablePointer<Float>,
        _ sums: UnsafeMutablePointer<Float>
    ) {
        var start = UnsafeRawPointer(scratch), byteStride = columnsPerPiece * 4, brainFloat = false
        if case .plain(let type) = format, isReadDirectly {
            brainFloat = type == .bf16
            if piece.count % stepSize == 0 {
                start = weights + (lines.lowerBound * columns + piece.lowerBound) * type.byteWidth
                byteStride = columns * type.byteWidth
            } else {
                // What lies behind the last column is not ours: the rest is copied before zeros.
                for (place, line) in lines.enumerated() {
                    let target = UnsafeMutableRawPointer(scratch) + place * byteStride
                    target.initializeMemory(as: UInt8.self, repeating: 0, count: byteStride)
                    target.copyMemory(
                        from: weights + (line * columns + piece.lowerBound) * type.byteWidth,
                        byteCount: piece.count * type.byteWidth)
                }
            }
        } else {
            for (place, line) in lines.enumerated() {
                let target = scratch + place * columnsPerPiece
                decodeLine(line, piece, into: target)
                (target + piece.count).update(repeating: 0, count: columnsPerPiece - piece.count)
            }
        }
        // The last line stands in for those that are missing.
        let last = lines.count - 1
        addProducts(
            brainFloat: brainFloat,
            TileLines(
                a: start, b: start + min(1, last) * byteStride, c: start + min(2, last) * byteStride,
                d: start + last * byteStride),
            x, rows: xRows, stride: stride, steps: (piece.count + stepSize - 1) / stepSize, sums, converted: converted)
    }
}
