// Products of BF16 numbers where the processor has no instructions for them: blocks are widened to Float and multiplied
// by OpenBLAS, one thread to a block. The cut depends on shapes alone.

/// Floats of the smaller factor that are widened for all threads, at most.
private let slabCount = 16 << 20
/// Floats of the other factor that a thread widens at a time, about.
private let blockCount = 2 << 20

/// c = a·bᵀ, [m, n], from m and n rows of k BF16 numbers.
func setWidenedProduct(
    _ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<UnsafeRawPointer>, m: Int,
    transposed b: UnsafePointer<UnsafeRawPointer>, n: Int, k: Int
) {
    useOneBLASThread()
    let sharesRight = n <= m, sharedRows = min(m, n), otherRows = max(m, n)
    let slabRows = min(sharedRows, max(64, slabCount / k)), blockRows = max(64, min(512, blockCount / k))
    var slab = Tensor<Float>(shape: [slabRows, k]) { _ in }
    // Threads write disjoint rows of the slab, then disjoint blocks of c.
    nonisolated(unsafe) let wide = slab.mutablePointer(), c = c
    nonisolated(unsafe) let shared = sharesRight ? b : a, other = sharesRight ? a : b
    for first in stride(from: 0, to: sharedRows, by: slabRows) {
        let rows = min(slabRows, sharedRows - first)
        Parallel.forEachBlock(of: rows, blockSize: 64) { block in
            widenRows(
                shared, first + block.lowerBound..<first + block.upperBound, 0..<k, into: wide + block.lowerBound * k)
        }
        Parallel.forEachBlock(of: otherRows, blockSize: blockRows) { block in
            let own = UnsafeMutablePointer<Float>.allocate(capacity: block.count * k)
            defer { own.deallocate() }
            widenRows(other, block, 0..<k, into: own)
            let (left, right) = sharesRight ? (own, wide) : (wide, own)
            let (height, width) = sharesRight ? (block.count, rows) : (rows, block.count)
            let start = sharesRight ? block.lowerBound * n + first : first * n + block.lowerBound
            Float.gemm(
                GemmArguments(
                    m: height, n: width, k: k, alpha: 1, beta: 0, a: left, b: right, aStride: k, bStride: k,
                    aTransposed: false, bTransposed: true, c: c + start, cStride: n))
        }
    }
    withExtendedLifetime(slab) {}
}

/// c = zᵀ·b, [m, n], from z, [k, m] in Float, which is rounded to BF16, and k rows of n BF16 numbers.
func setWidenedProduct(
    _ c: UnsafeMutablePointer<Float>, transposed z: UnsafePointer<Float>, m: Int,
    _ b: UnsafePointer<UnsafeRawPointer>, n: Int, k: Int
) {
    useOneBLASThread()
    var rounded = Tensor<Float>(shape: [k, m]) { _ in }
    nonisolated(unsafe) let left = rounded.mutablePointer(), z = z, b = b, c = c
    Parallel.forEachBlock(of: k * m, blockSize: 65_536) { block in
        for i in block { left[i] = Float(bitPattern: UInt32(bfloat16Bits(z[i])) << 16) }
    }
    Parallel.forEachBlock(of: n, blockSize: 448) { columns in
        let height = min(k, 1024), own = UnsafeMutablePointer<Float>.allocate(capacity: height * columns.count)
        defer { own.deallocate() }
        for first in stride(from: 0, to: k, by: height) {
            let rows = first..<min(k, first + height)
            widenRows(b, rows, columns, into: own)
            Float.gemm(
                GemmArguments(
                    m: m, n: columns.count, k: rows.count, alpha: 1, beta: first > 0 ? 1 : 0, a: left + first * m,
                    b: own, aStride: m, bStride: columns.count, aTransposed: true, bTransposed: false,
                    c: c + columns.lowerBound, cStride: n))
        }
    }
    withExtendedLifetime(rounded) {}
}
