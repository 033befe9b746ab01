import Backbone
import Foundation
import Safetensors
import Tensor

/// Measures the frozen-weight kernels on one BF16 matrix of Qwen2-7B's feed-forward shape, all in one run and in turn, the best
/// of several rounds of each.
///
/// - Returns:
///   - bandwidthRatio: bytes a second of a matrix–vector product, over those of a plain parallel sum of the same bytes.
///   - teacherForcedRatio: speed of a product with 512 rows, over OpenBLAS's on weights that are Float already.
///   - batchSpeedup: rows a second with 16 rows, over those with one.
/// - Throws: what writing or opening the temporary file throws.
func measureWeightKernels(rounds: Int = 7) throws -> (bandwidthRatio: Double, teacherForcedRatio: Double, batchSpeedup: Double) {
    let rows = 18944, columns = 3584
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("weights-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try writeRandomMatrix(rows, columns, to: path)
    let tensor = try SafetensorsFile(path: path).tensor("weight")
    let weights = try WeightMatrix(tensor)
    let floats = Tensor<Float>(shape: [rows, columns], try tensor.values(as: Float.self))
    var random = RandomGenerator(seed: 2)
    let x = Tensor<Float>(shape: [512, columns], (0..<512 * columns).map { _ in Float(random.normal()) })
    let one = Tensor<Float>(shape: [1, columns], Array(x.elements.prefix(columns)))
    let sixteen = Tensor<Float>(shape: [16, columns], Array(x.elements.prefix(16 * columns)))

    var best = [Double](repeating: .infinity, count: 5)
    func time(_ place: Int, _ body: () -> Void) {
        let start = DispatchTime.now().uptimeNanoseconds
        body()
        best[place] = min(best[place], Double(DispatchTime.now().uptimeNanoseconds - start))
    }
    var unused = 0
    for _ in 0..<rounds {
        for _ in 0..<3 {
            time(0) { unused &+= sumInParallel(tensor.bytes) }
            time(1) { unused &+= weights.product(one).count }
            time(2) { unused &+= weights.product(sixteen).count }
        }
        time(3) { unused &+= weights.product(x).count }
        time(4) { unused &+= Tensor.product(x.matrix, floats.matrix.transposed).count }
    }
    if unused == 0 { print("") }
    FileHandle.standardError.write(Data("ms \(best.map { ($0 / 1e4).rounded() / 100 })\n".utf8))
    return (best[0] / best[1], best[4] / best[3], 16 * best[1] / best[2])
}

private func writeRandomMatrix(_ rows: Int, _ columns: Int, to path: String) throws {
    let writer = try SafetensorsWriter(path: path, tensors: [TensorDeclaration("weight", .bf16, [rows, columns])])
    var state: UInt64 = 1
    for _ in 0..<rows {
        let row = (0..<columns).map { _ -> Float in
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
