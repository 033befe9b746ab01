import Tensor

// x·M for weights that are stored as M = Wᵀ, input by input: lanes run over outputs, and the inputs are added one after
// the other. Pieces of 16 inputs × 512 outputs are converted into the first-level cache, in stretches that memory reads
// well.

private let outputsPerBlock = 512
private let inputsPerPiece = 16
private let outputsPerTile = 64

extension WeightMatrix {
    /// x·Wᵀ for few rows of x and weights stored column by column.
    func setTransposedFewRowsProduct(_ y: UnsafeMutablePointer<Float>, _ x: Tensor<Float>, _ bytes: WeightBytes) {
        let count = x.rows, rows = rows
        withPointers(to: x) { x in
            // Threads read x and write disjoint columns of y.
            nonisolated(unsafe) let x = x, y = y
            Parallel.forEachBlock(of: rows, blockSize: outputsPerBlock) { block in
                bytes.setTransposedProducts(block, x, rows: count, into: y)
            }
        }
    }
}

extension WeightBytes {
    /// Columns `block` of y, whose rows are as long as W has rows, for all rows of x.
    fileprivate func setTransposedProducts(
        _ block: Range<Int>, _ x: UnsafePointer<Float>, rows count: Int, into y: UnsafeMutablePointer<Float>
    ) {
        let width = (block.count + outputsPerTile - 1) / outputsPerTile * outputsPerTile
        let pieceCount = inputsPerPiece * width
        withUnsafeTemporaryAllocation(byteCount: (pieceCount + count * width) * 4, alignment: 64) { memory in
            let memory = memory.bindMemory(to: Float.self)
            memory.update(repeating: 0)
            let piece = memory.baseAddress!, sums = piece + pieceCount
            for first in Swift.stride(from: 0, to: columns, by: inputsPerPiece) {
                let inputs = min(inputsPerPiece, columns - first)
                for input in 0..<inputs { decodeLine(first + input, block, into: piece + input * width) }
                for row in 0..<count { addInputs(x + row * columns + first, inputs, piece, width, sums + row * width) }
            }
            for row in 0..<count {
                (y + row * rows + block.lowerBound).update(from: sums + row * width, count: block.count)
            }
        }
    }
}

/// `sums[o] += Σ over inputs of x[i]·piece[i, o]`, width a multiple of 64.
@inline(never)
private func addInputs(
    _ x: UnsafePointer<Float>, _ inputs: Int, _ piece: UnsafePointer<Float>, _ width: Int,
    _ sums: UnsafeMutablePointer<Float>
) {
    for start in stride(from: 0, to: width, by: outputsPerTile) {
        let sums = sums + start
        var a = loadVector(sums), b = loadVector(sums + 16), c = loadVector(sums + 32), d = loadVector(sums + 48)
        for input in 0..<inputs {
            let weights = piece + (input &* width &+ start)
            let factor = SIMD16<Float>(repeating: x[input])
            a.addProduct(factor, loadVector(weights))
            b.addProduct(factor, loadVector(weights + 16))
            c.addProduct(factor, loadVector(weights + 32))
            d.addProduct(factor, loadVector(weights + 48))
        }
        storeVector(a, sums)
        storeVector(b, sums + 16)
        storeVector(c, sums + 32)
        storeVector(d, sums + 48)
    }
}
