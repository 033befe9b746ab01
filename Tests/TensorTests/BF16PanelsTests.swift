import Testing

@testable import Tensor

/// Products with weights that are packed once.
@Suite(.enabled(if: BF16Panels.isAvailable)) struct BF16PanelsTests {
    private static func random(_ rows: Int, _ columns: Int, _ random: inout RandomGenerator) -> Tensor<Float> {
        Tensor(shape: [rows, columns]) { x in for i in x.indices { x[i] = Float(random.normal()) } }
    }

    /// Sizes around those of tiles (6 × 64), slices of k (256), few rows (48) and blocks (192 × 512).
    @Test(arguments: [(1, 1), (63, 33), (64, 256), (65, 257), (130, 513), (600, 70), (1030, 300)])
    func productIsThatOfTheRoundedNumbers(_ n: Int, _ k: Int) {
        var random = RandomGenerator(seed: 1)
        let w = BF16Matrix(rounding: Self.random(n, k, &random)), panels = BF16Panels(w), wide = w.widened
        for m in [1, 2, 5, 6, 7, 13, 47, 48, 49, 130, 200] {
            let x = Self.random(m, k, &random), rounded = BF16Matrix(rounding: x).widened, y = panels.product(x)
            #expect(y.shape == [m, n])
            var worst = 0.0
            for i in 0..<m {
                for j in Swift.stride(from: i % 7, to: n, by: 7) {
                    var sum = 0.0, size = 1e-30
                    for c in 0..<k {
                        let term = Double(rounded[i, c]) * Double(wide[j, c])
                        sum += term
                        size += abs(term)
                    }
                    worst = max(worst, abs(Double(y[i, j]) - sum) / size)
                }
            }
            #expect(worst < 1e-6, "\(m) rows: \(worst)")
        }
    }

    /// The promise on which sampling in lockstep stands.
    @Test(arguments: [(130, 513), (1030, 300)]) func rowHasTheSameBitsInAnyCompany(_ n: Int, _ k: Int) {
        var random = RandomGenerator(seed: 2)
        let panels = BF16Panels(BF16Matrix(rounding: Self.random(n, k, &random)))
        let x = Self.random(400, k, &random), alone = (0..<400).map { panels.product(x.selecting(rows: [$0])) }
        for m in [2, 6, 7, 40, 48, 49, 100, 193, 400] {
            for threads in [1, 2, 5] {
                let y = Parallel.$threads.withValue(threads) { panels.product(x.selecting(rows: Array(0..<m))) }
                for row in [0, m / 2, m - 1] {
                    #expect(y.selecting(rows: [row]) == alone[row], "row \(row) of \(m), \(threads) threads")
                }
            }
        }
    }

    @Test func productsOfSeveralAreThoseOfEach() {
        var random = RandomGenerator(seed: 3)
        let all = [70, 1, 200, 64].map { BF16Panels(BF16Matrix(rounding: Self.random($0, 90, &random))) }
        for m in [1, 9, 60] {
            let x = Self.random(m, 90, &random)
            #expect(BF16Panels.products(x, all) == all.map { $0.product(x) })
        }
    }

    @Test func emptyFactorsGiveEmptyOrZeroProducts() {
        let none = BF16Panels(BF16Matrix(rounding: Tensor(shape: [0, 3], repeating: 1)))
        #expect(none.product(Tensor(shape: [2, 3], repeating: 1)).shape == [2, 0])
        let narrow = BF16Panels(BF16Matrix(rounding: Tensor(shape: [4, 0], repeating: 1)))
        #expect(narrow.product(Tensor(shape: [2, 0], repeating: 1)) == Tensor(shape: [2, 4], repeating: 0))
        let w = BF16Panels(BF16Matrix(rounding: Tensor(shape: [4, 3], repeating: 1)))
        #expect(w.product(Tensor(shape: [0, 3], repeating: 1)).shape == [0, 4])
    }
}
