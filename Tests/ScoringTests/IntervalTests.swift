import Testing

@testable import Scoring

@Suite struct IntervalTests {
    @Test(arguments: [1, 2, 19]) func fewValuesShowNothingHoweverFarFromZero(count: Int) {
        let ones = [Double](repeating: 1, count: count)
        for estimate in [Bootstrap().mean(of: ones), Resamples(problems: count).mean(of: ones)] {
            #expect(estimate.mean == 1 && estimate.lower == 1 && estimate.count == count)
            #expect(!estimate.hasInterval && !estimate.isAboveZero && !estimate.isBelowZero)
        }
    }

    @Test func twentyValuesHaveAnInterval() {
        let estimate = Bootstrap().mean(of: (0..<20).map { 1 + Double($0 % 2) })
        #expect(estimate.hasInterval && estimate.isAboveZero)
    }

    /// (1 + #)/(B + 1) on the smaller side, twice.
    @Test func theTwoSidedPIsThatOfTheResamples() {
        let bootstrap = Bootstrap(seed: 4, resamples: 999)
        #expect(bootstrap.mean(of: Array(repeating: 1, count: 30)).p == 2 * 1.0 / 1000)
        #expect(bootstrap.mean(of: Array(repeating: -1, count: 30)).p == 2 * 1.0 / 1000)
        #expect(bootstrap.mean(of: Array(repeating: 0, count: 30)).p == 1)
        let even = bootstrap.mean(of: (0..<40).map { $0 % 2 == 0 ? 1 : -1 })
        #expect((even.p ?? 0) > 0.8)
        let same = Resamples(problems: 40, bootstrap).mean(of: (0..<40).map { $0 % 2 == 0 ? 1 : -1 })
        #expect(same == even)
    }

    @Test func holmHoldsEachAgainstThoseThatAreLeft() {
        // 0.05/4 = 0.0125, 0.05/3 = 0.0167, 0.05/2 = 0.025.
        #expect(Holm.survive([0.01, 0.04, 0.03, 0.005]) == [true, false, false, true])
        #expect(Holm.survive([0.0125, 0.0166, 0.025, 0.05]) == [true, true, true, true])
        // One that fails takes those after it along, though each alone would pass.
        #expect(Holm.survive([0.013, 0.014, 0.015, 0.016]) == [false, false, false, false])
        #expect(Holm.survive([]) == [])
    }
}
