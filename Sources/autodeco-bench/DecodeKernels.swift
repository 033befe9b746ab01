import Backbone
import Foundation
import Safetensors
import Tensor

/// Measures the frozen-weight kernels on BF16 matrices of Qwen2-7B's feed-forward shape, all in one run and in turn, the best of
/// several rounds of each.
///
/// Four different matrices, 543 MB, pass in every measure that reads weights once, so that no cache holds them.
///
/// - Returns:
///   - bandwidthRatio: bytes a second of matrix–vector products, over those of a plain parallel sum of the same bytes.
///   - teacherForcedRatio: speed of a product with 512 rows, over OpenBLAS's on weights that are Float already.
///   - batchSpeedup: rows a second with 16 rows, over those with one.
/// - Throws: what writing or opening the temporary file throws.
func measureWeightKernels(rounds: Int = 7) throws -> (bandwidthRatio: Double, teacherForcedRatio: Double, batchSpeedup: Double) {
    let matrices = 4, rows = 18944, columns = 3584
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("weights-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try writeRandomWeights([matrices, rows, columns], to: path)
    let tensor = try SafetensorsFile(path: path).tensor("weight")
    let weights = try (0..<matrices).map { try WeightMatrix(tensor, index: $0, isTransposed: false) }
    let floats = try Tensor<Float>(shape: [rows, columns]) { try tensor.copy(0..<rows * columns, into: $0) }
    var random = RandomGenerator(seed: 2)
    let x = Tensor<Float>(shape: [512, columns], (0..<512 * columns).map { _ in Float(random.normal()) })
    let one = Tensor<Float>(shape: [1, columns], Array(x.elements.prefix(columns)))
    let sixteen = Tensor<Float>(shape: [16, columns], Array(x.elements.prefix(16 * columns)))

    var read = Double.infinity, single = read, lockstep = read, teacherForced = read, bare = read
    for _ in 0..<rounds {
        for _ in 0..<2 {
            read = min(read, nanoseconds { keep(sumInParallel(tensor.bytes)) })
            single = min(single, nanoseconds { for matrix in weights { keep(matrix.product(one).count) } })
            lockstep = min(lockstep, nanoseconds { for matrix in weights { keep(matrix.product(sixteen).count) } })
        }
        teacherForced = min(teacherForced, nanoseconds { keep(weights[0].product(x).count) })
        bare = min(bare, nanoseconds { keep(Tensor.product(x.matrix, floats.matrix.transposed).count) })
    }
    return (read / single, bare / teacherForced, 16 * single / lockstep)
}

private func nanoseconds(_ body: () -> Void) -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    body()
    return Double(DispatchTime.now().uptimeNanoseconds - start)
}

/// Takes a result, so that the compiler cannot leave out the work behind it.
@inline(never)
@_optimize(none)
private func keep(_ result: Int) {}

private func writeRandomWeights(_ shape: [Int], to path: String) throws {
    let writer = try SafetensorsWriter(path: path, tensors: [TensorDeclaration("weight", .bf16, shape)])
    var state: UInt64 = 1
    for _ in 0..<shape[0] * shape[1] {
        let row = (0..<shape[2]).map { _ -> Float in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-36
        }
        try writer.append(row, to: "weight")
    }
    try writer.finish()
}

/// Reads memory as fast as the cores can: a sum of its words, in the blocks that the kernels use.
private func sumInParallel(_ bytes: UnsafeRawBufferPointer) -> Int {
    let blockSize = 1 << 18
    var sums = [Int](repeating: 0, count: (bytes.count + blockSize - 1) / blockSize)
    sums.withUnsafeMutableBufferPointer { sums in
        // Blocks write their own sum.
        nonisolated(unsafe) let sums = sums, bytes = bytes
        Parallel.forEachBlock(of: bytes.count, blockSize: blockSize) { block in
            sums[block.lowerBound / blockSize] = sumWords(bytes.baseAddress! + block.lowerBound, block.count / 256)
        }
    }
    return sums.reduce(0, &+)
}

@inline(never)
private func sumWords(_ start: UnsafeRawPointer, _ steps: Int) -> Int {
    var a = SIMD8<Int>(), b = SIMD8<Int>(), c = SIMD8<Int>(), d = SIMD8<Int>()
    for step in 0..<steps {
        let p = start + step &* 256
        a &+= p.loadUnaligned(as: SIMD8<Int>.self)
        b &+= p.loadUnaligned(fromByteOffset: 64, as: SIMD8<Int>.self)
        c &+= p.loadUnaligned(fromByteOffset: 128, as: SIMD8<Int>.self)
        d &+= p.loadUnaligned(fromByteOffset: 192, as: SIMD8<Int>.self)
    }
    return (a &+ b &+ c &+ d).wrappedSum()
}
