import Tensor
import TestSupport
import Testing

@testable import WeightMatrices

@Suite struct PackedWeightsTests {
    @Test(arguments: [1, 40, 64, 65, 130], [1, 24, 128, 300])
    func packedProductsAreProducts(_ outputs: Int, _ inputs: Int) throws {
        var random = RandomGenerator(seed: 9)
        func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.normal()) } }
        let weights = numbers(outputs * inputs)
        let matrix = try WeightMatrix(stored([outputs, inputs], weights, as: .f32)).packed()
        for rows in [1, 2, 5, 6, 9, 64, 70, 131] {
            let x = Tensor<Float>(shape: [rows, inputs], numbers(rows * inputs)), y = matrix.product(x)
            let wanted = Tensor.product(x.matrix, Tensor<Float>(shape: [outputs, inputs], weights).matrix.transposed)
            #expect(largestDifference(y, wanted).difference <= 1e-4 * Float(inputs).squareRoot(), "\(rows) rows")
            let last = x.selecting(rows: [rows - 1])
            #expect(matrix.product(last) == y.selecting(rows: [rows - 1]), "the last of \(rows) rows")
        }
    }
}
