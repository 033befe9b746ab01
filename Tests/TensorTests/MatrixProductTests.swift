import Testing

@testable import Tensor

private func randomTensor<S: Scalar>(_ shape: [Int], _ random: inout RandomGenerator) -> Tensor<S> {
    Tensor(shape: shape, (0..<shape.reduce(1, *)).map { _ in S(random.normal()) })
}

/// The product by its definition, in Double.
private func naive<S: Scalar>(
    _ a: Tensor<S>, _ aT: Bool, _ b: Tensor<S>, _ bT: Bool, _ i: Int, _ j: Int, _ k: Int
) -> Double {
    (0..<k).reduce(0.0) { $0 + Double(aT ? a[$1, i] : a[i, $1]) * Double(bT ? b[j, $1] : b[$1, j]) }
}

@Suite struct MatrixProductTests {
    @Test(arguments: [false, true], [false, true])
    func allTransposesAgreeWithTheDefinition(aT: Bool, bT: Bool) {
        func check<S: Scalar>(_ type: S.Type, _ tolerance: Double) {
            var random = RandomGenerator(seed: 3)
            for (m, n, k) in [(1, 1, 1), (3, 5, 7), (65, 33, 129), (1, 300, 40), (300, 1, 40)] {
                let a: Tensor<S> = randomTensor(aT ? [k, m] : [m, k], &random),
                    b: Tensor<S> = randomTensor(bT ? [n, k] : [k, n], &random)
                let c = Tensor.product(aT ? a.matrix.transposed : a.matrix, bT ? b.matrix.transposed : b.matrix)
                #expect(c.shape == [m, n])
                for i in 0..<m {
                    for j in 0..<n {
                        #expect(
                            abs(Double(c[i, j]) - naive(a, aT, b, bT, i, j, k)) < tolerance * Double(k).squareRoot())
                    }
                }
            }
        }
        check(Float.self, 1e-5)
        check(Double.self, 1e-13)
    }

    @Test func subMatricesMultiplyInPlace() {
        var random = RandomGenerator(seed: 4)
        let a: Tensor<Double> = randomTensor([9, 11], &random), b: Tensor<Double> = randomTensor([6, 10], &random)
        var c = Tensor<Double>(shape: [4, 8], repeating: 100)
        // Rows 2..<6, columns 3..<8 of a times the transpose of columns 1..<6 of b's rows 0..<3, into columns 5..<8
        // of c.
        c.setProduct(
            a.matrix[rows: 2..<6][columns: 3..<8], b.matrix[columns: 1..<6][rows: 0..<3].transposed, scale: 2,
            columns: 5..<8)
        for i in 0..<4 {
            for j in 0..<3 {
                let expected = 2 * (0..<5).reduce(0.0) { $0 + a[2 + i, 3 + $1] * b[j, 1 + $1] }
                #expect(abs(c[i, 5 + j] - expected) < 1e-13)
            }
        }
        #expect((0..<4).allSatisfy { i in (0..<5).allSatisfy { c[i, $0] == 100 } })
        let before = c
        c.setProduct(
            a.matrix[rows: 2..<6][columns: 3..<8], b.matrix[columns: 1..<6][rows: 0..<3].transposed, accumulate: true,
            columns: 5..<8)
        #expect(abs(c[0, 5] - 1.5 * before[0, 5]) < 1e-12)
    }

    @Test func bitsDoNotDependOnTheNumberOfThreads() {
        var random = RandomGenerator(seed: 5)
        let a: Tensor<Float> = randomTensor([700, 900], &random), b: Tensor<Float> = randomTensor([900, 256], &random)
        let one = Parallel.$threads.withValue(1) { Tensor.product(a.matrix, b.matrix) }
        let two = Parallel.$threads.withValue(2) { Tensor.product(a.matrix, b.matrix) }
        let five = Parallel.$threads.withValue(5) { Tensor.product(a.matrix, b.matrix) }
        #expect(one == two && two == five)
    }

    @Test func emptyInnerSizeGivesZeros() {
        let c = Tensor<Float>.product(Tensor(shape: [2, 0]).matrix, Tensor(shape: [0, 3]).matrix)
        #expect(c == Tensor(shape: [2, 3], repeating: 0))
    }

    @Test func mismatchedShapesStopWithBothShapesNamed() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor<Float>.product(Tensor(shape: [2, 3]).matrix, Tensor(shape: [4, 5]).matrix)
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("[2, 3] and [4, 5]"))
    }
}
