import Safetensors
import Tensor

extension WeightMatrix {
    /// Rows of W that a thread takes at a time.
    private static let linesPerBlock = 32

    /// x·Wᵀ for few rows of x and weights stored row by row: each weight is read from memory once, four rows of W at a time
    /// stay in cache while all of x passes.
    func setFewRowsProduct(_ y: UnsafeMutablePointer<Float>, _ x: Tensor<Float>, _ bytes: WeightBytes) {
        let count = x.rows, rows = rows, columns = columns
        let stride = (columns + stepSize - 1) / stepSize * stepSize
        let type: ElementType? = if case .plain(let type) = format { type } else { nil }
        let arranged = Tensor<Float>(shape: [count, stride]) { arranged in
            x.withUnsafeBufferPointer { x in
                guard let x = x.baseAddress, let arranged = arranged.baseAddress else { return }
                arrange(
                    x, rows: count, columns: columns, evensFirst: type == .bf16 || type == nil, into: arranged, stride: stride)
            }
        }
        arranged.withUnsafeBufferPointer { arranged in
            // Threads read x and write disjoint columns of y.
            nonisolated(unsafe) let x = arranged.baseAddress!, y = y
            Parallel.forEachBlock(of: rows, blockSize: Self.linesPerBlock) { block in
                // Columns at a time: so many that all of x's stay in the second-level cache with them, or the converted
                // weights in the first.
                let isDirect = type == .bf16 || type == .f32
                let chunk = isDirect ? 4096 : 1024
                let sumsCount = (count + 3) / 4 * 256, scratchCount = 4 * (isDirect ? stepSize : chunk)
                withUnsafeTemporaryAllocation(byteCount: (sumsCount + scratchCount) * 4, alignment: 64) { memory in
                    let memory = memory.bindMemory(to: Float.self)
                    let sums = memory.baseAddress!, scratch = sums + sumsCount
                    for row in Swift.stride(from: block.lowerBound, to: block.upperBound, by: 4) {
                        let width = min(4, rows - row)
                        sums.update(repeating: 0, count: sumsCount)
                        for first in Swift.stride(from: 0, to: columns, by: chunk) {
                            let range = first..<min(first + chunk, columns)
                            bytes.addLines(row, width, range, x, count, stride, scratch, sums)
                        }
                        reduceSums(sums, rows: count, width: width, into: y + row, stride: rows)
                    }
                }
            }
        }
    }
}

extension WeightBytes {
    /// Adds the products of columns `range` of four rows of W with all of x to the sums.
    ///
    /// - Parameters:
    ///   - width: how many of the four rows there are; the last stands in for those that are missing.
    ///   - scratch: room for four rows of the range, or of a step where the kernel reads the type itself.
    fileprivate func addLines(
        _ row: Int, _ width: Int, _ range: Range<Int>, _ x: UnsafePointer<Float>, _ count: Int, _ stride: Int,
        _ scratch: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Float>
    ) {
        func lines(_ start: UnsafeRawPointer, _ byteStride: Int) -> TileLines {
            TileLines(
                a: start, b: start + min(1, width - 1) * byteStride, c: start + min(2, width - 1) * byteStride,
                d: start + (width - 1) * byteStride)
        }
        let x = x + range.lowerBound
        if case .plain(let type) = format, type == .bf16 || type == .f32 {
            let byteWidth = type.byteWidth
            let start = weights + (row * columns + range.lowerBound) * byteWidth
            let steps = range.count / stepSize, rest = range.count % stepSize
            addProducts(
                brainFloat: type == .bf16, lines(start, columns * byteWidth), x, rows: count, stride: stride, steps: steps, sums)
            guard rest > 0 else { return }
            // What lies behind the last column is not ours: the rest is copied before zeros.
            let step = UnsafeMutableRawPointer(scratch), stepBytes = stepSize * byteWidth
            for line in 0..<width {
                let target = step + line * stepBytes
                target.initializeMemory(as: UInt8.self, repeating: 0, count: stepBytes)
                target.copyMemory(
                    from: start + line * columns * byteWidth + steps * stepBytes, byteCount: rest * byteWidth)
            }
            addProducts(
                brainFloat: type == .bf16, lines(step, stepBytes), x + steps * stepSize, rows: count, stride: stride, steps: 1, sums)
        } else {
            let steps = (range.count + stepSize - 1) / stepSize, length = steps * stepSize
            for line in 0..<width {
                let target = scratch + line * length
                decodeLine(row + line, range, into: target)
                (target + range.count).update(repeating: 0, count: length - range.count)
            }
            addProducts(
                brainFloat: false, lines(scratch, length * 4), x, rows: count, stride: stride, steps: steps, sums)
        }
    }
}
