import Tensor

/// Cosines and sines for the rows of a pass.
struct Rotations: Sendable {
    let pairs: Int
    let isInterleaved: Bool
    /// Of each row its cosines, then its sines: [R, 2, pairs].
    let turns: [Float]

    /// Turns elements `offset ..< offset + 2·pairs` of each head of each row: (a, b) → (a·cos − b·sin, b·cos + a·sin).
    ///
    /// - Parameter x: [R, heads·headSize], or more columns, which are left alone.
    func apply(to x: inout Tensor<Float>, heads: Int, headSize: Int, offset: Int = 0) {
        let width = x.columns, pairs = pairs, rows = x.rows, isInterleaved = isInterleaved
        require(
            2 * rows * pairs == turns.count && heads * headSize <= width,
            "rotations of \(turns.count / 2) angles on \(x.shape)")
        let start = x.mutablePointer()
        // Workers write disjoint rows, so they may share the pointer.
        nonisolated(unsafe) let target = start
        Parallel.forEachBlock(of: rows, blockSize: max(1, (1 << 14) / max(1, heads * pairs))) { block in
            turns.withUnsafeBufferPointer { turns in
                guard let turns = turns.baseAddress else { return }
                for row in block {
                    let cosines = turns + 2 * row * pairs
                    for head in 0..<heads {
                        turn(
                            target + row * width + head * headSize + offset, cosines, cosines + pairs, pairs: pairs,
                            isInterleaved: isInterleaved)
                    }
                }
            }
        }
    }
}

@inline(never)
private func turn(
    _ x: UnsafeMutablePointer<Float>, _ cosines: UnsafePointer<Float>, _ sines: UnsafePointer<Float>, pairs: Int,
    isInterleaved: Bool
) {
    var i = 0
    while !isInterleaved, i + 16 <= pairs {
        let cos = loadVector(cosines + i), sin = loadVector(sines + i)
        let a = loadVector(UnsafePointer(x + i)), b = loadVector(UnsafePointer(x + pairs + i))
        storeVector(a * cos - b * sin, x + i)
        storeVector(b * cos + a * sin, x + pairs + i)
        i += 16
    }
    let (firstStride, secondOffset) = isInterleaved ? (2, 1) : (1, pairs)
    while i < pairs {
        let a = x[i * firstStride], b = x[i * firstStride + secondOffset]
        x[i * firstStride] = a * cosines[i] - b * sines[i]
        x[i * firstStride + secondOffset] = b * cosines[i] + a * sines[i]
        i += 1
    }
}
