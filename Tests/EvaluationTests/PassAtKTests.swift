import Scoring
import Testing
@testable import Evaluation

@Suite struct PassAtKTests {
    /// 1 − (subsets of k without a correct one) / (all subsets of k), by listing them.
    private func counted(_ n: Int, _ c: Int, _ k: Int) -> Double {
        var all = 0, without = 0
        for subset in 0..<(1 << n) where subset.nonzeroBitCount == k {
            all += 1
            if subset & ((1 << c) - 1) == 0 { without += 1 }
        }
        return 1 - Double(without) / Double(all)
    }

    @Test func equalsTheShareOfSubsetsThatHoldACorrectSample() throws {
        for n in 1...9 {
            for c in 0...n {
                for k in 1...n {
                    let value = try passAtK(samples: n, correct: c, k: k)
                    #expect(abs(value - counted(n, c, k)) < 1e-12, "n = \(n), c = \(c), k = \(k)")
                }
            }
        }
    }

    @Test func passAtOneIsTheShareOfCorrectSamples() throws {
        #expect(abs(try passAtK(samples: 128, correct: 5, k: 1) - 5.0 / 128) < 1e-15)
    }

    @Test func manySamplesDoNotOverflow() throws {
        // C(99_990, 64)/C(100_000, 64) = Π (1 − 64/i) for the ten i up to 100,000.
        let value = try passAtK(samples: 100_000, correct: 10, k: 64)
        #expect(abs(value - 0.006_381_9) < 1e-6)
    }

    @Test(arguments: [(4, 2, 5), (4, 2, 0), (4, 5, 1), (0, 0, 1)])
    func moreThanThereIsIsAnError(_ n: Int, _ c: Int, _ k: Int) {
        #expect(throws: EvaluationError.self) { try passAtK(samples: n, correct: c, k: k) }
    }
}

@Suite struct BootstrapTests {
    @Test func theIntervalOfCoinThrowsIsTheNormalApproximations() {
        // 400 problems, half of them solved: ± 1.96·√(0.25/400) = ± 0.049.
        let estimate = Bootstrap(seed: 3).mean(of: (0..<400).map { Double($0 % 2) })
        #expect(estimate.mean == 0.5)
        #expect(abs(estimate.lower - 0.451) < 0.004 && abs(estimate.upper - 0.549) < 0.004)
    }

    @Test func aDifferenceIsTakenProblemByProblem() {
        // Rates that vary much between problems, and a difference that does not.
        let first = (0..<100).map { Double($0) / 100 }, second = first.map { $0 - 0.01 }
        let difference = Bootstrap().difference(first, second)
        #expect(abs(difference.mean - 0.01) < 1e-12 && difference.upper - difference.lower < 1e-9)
        #expect(difference.isAboveZero && !difference.isBelowZero)
    }

    @Test func theSameSeedGivesTheSameInterval() {
        let values = (0..<50).map { Double($0 * $0 % 17) }
        #expect(Bootstrap(seed: 1).mean(of: values) == Bootstrap(seed: 1).mean(of: values))
        #expect(Bootstrap(seed: 1).mean(of: values) != Bootstrap(seed: 2).mean(of: values))
    }
}
