import GGUF
import Safetensors
import Tensor
import TestSupport
import Testing
@testable import WeightMatrices

/// Matrices in GGUF's blocks, held to matrices of the same numbers in Float.
@Suite struct BlockMatrixTests {
    /// One row of 256 columns and a rest of blocks, more rows than a tile has, and a rest of rows.
    private func matrices(
        _ type: ElementType, number: UInt32, columns: Int, rows: Int = 21
    ) throws
        -> (inBlocks: WeightMatrix, inFloat: WeightMatrix)
    {
        var draws = Draws(seed: UInt64(number))
        var content: [UInt8] = []
        for _ in 0..<rows * columns / type.blockSize {
            var block = (0..<type.byteWidth).map { _ in UInt8(truncatingIfNeeded: draws.next()) }
            // Scales in half precision, wherever they lie: no exponent of theirs is large.
            let scales: [Int] =
                switch type {
                case .q2k: [80, 82]
                case .q3k: [108]
                case .q6k: [208]
                case .mxfp4: []
                default: [0, 2]
                }
            for place in scales { block[place + 1] &= 0xA3 }
            if type == .mxfp4 { block[0] = 120 + block[0] % 8 }
            content += block
        }
        var file = GGUFBytes()
        file.tensors = [.init("w", [rows, columns], type: number, content)]
        let tensor = try GGUFFile(bytes: file.bytes).tensor("w"), numbers = try tensor.dequantized()
        try #require(numbers.allSatisfy { $0.isFinite && abs($0) < 1e4 } && Set(numbers).count > 20)
        return (
            try WeightMatrix(tensor), try WeightMatrix(stored([rows, columns], numbers, as: .f32))
        )
    }

    private static let types: [(ElementType, UInt32)] = [
        (.q40, 2), (.q41, 3), (.q50, 6), (.q51, 7), (.q80, 8), (.q2k, 10), (.q3k, 11), (.q4k, 12), (.q5k, 13),
        (.q6k, 14),
        (.iq4nl, 20), (.iq4xs, 23), (.mxfp4, 39),
    ]

    @Test func everyBlockTypeIsHeld() { #expect(Set(Self.types.map(\.0)) == Set(ElementType.ofBlocks)) }

    @Test(arguments: types)
    func productsAndRowsAreThoseOfTheNumbers(type: ElementType, number: UInt32) throws {
        let (inBlocks, inFloat) = try matrices(type, number: number, columns: type.blockSize == 32 ? 544 : 768)
        #expect(inBlocks.gathered([0, 20, 7]).elements == inFloat.gathered([0, 20, 7]).elements)
        for rows in [1, 5, 17, 64, 65, 130] {
            var random = RandomGenerator(seed: 9)
            let x = Tensor<Float>(
                shape: [rows, inBlocks.columns], (0..<rows * inBlocks.columns).map { _ in Float(random.normal()) })
            let got = inBlocks.product(x), want = inFloat.product(x), packed = inBlocks.packed().product(x)
            let size = want.elements.map(abs).max() ?? 0
            let error = zip(got.elements, want.elements).map { abs($0 - $1) }.max() ?? 1
            #expect(error <= 2e-6 * size, "\(rows) rows: \(error) of \(size)")
            let packedError = zip(packed.elements, want.elements).map { abs($0 - $1) }.max() ?? 1
            #expect(packedError <= 2e-6 * size, "\(rows) rows, packed: \(packedError) of \(size)")
        }
    }
}
