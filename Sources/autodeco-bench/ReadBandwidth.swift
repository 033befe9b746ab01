import Safetensors
import Tensor

/// Reads tensors as fast as the cores can: a plain sum of their words, the yardstick for whatever streams weights.
func sumInParallel(_ tensors: [StoredTensor]) -> Int {
    tensors.reduce(0) { $0 &+ sumInParallel($1.bytes) }
}

private func sumInParallel(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let start = bytes.baseAddress else { return 0 }
    let blockSize = 1 << 18
    var sums = [Int](repeating: 0, count: (bytes.count + blockSize - 1) / blockSize)
    sums.withUnsafeMutableBufferPointer { sums in
        // Blocks write their own sum.
        nonisolated(unsafe) let sums = sums, start = start
        Parallel.forEachBlock(of: bytes.count, blockSize: blockSize) { block in
            sums[block.lowerBound / blockSize] = sumWords(start + block.lowerBound, block.count / 256)
        }
    }
    return sums.reduce(0, &+)
}

/// Sums 256·`steps` bytes along four streams at once, which the cores prefetch better than one.
@inline(never)
private func sumWords(_ start: UnsafeRawPointer, _ steps: Int) -> Int {
    var a = SIMD8<Int>(), b = SIMD8<Int>(), c = SIMD8<Int>(), d = SIMD8<Int>()
    let stream = steps &* 64
    for step in 0..<steps {
        let p = start + step &* 64
        a &+= p.loadUnaligned(as: SIMD8<Int>.self)
        b &+= (p + stream).loadUnaligned(as: SIMD8<Int>.self)
        c &+= (p + 2 &* stream).loadUnaligned(as: SIMD8<Int>.self)
        d &+= (p + 3 &* stream).loadUnaligned(as: SIMD8<Int>.self)
    }
    return (a &+ b &+ c &+ d).wrappedSum()
}
