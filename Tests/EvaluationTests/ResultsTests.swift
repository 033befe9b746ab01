import Foundation
import Scoring
import Testing
@testable import Evaluation

@Suite struct ComparisonWordsTests {
    private func comparison(_ mean: Double, _ lower: Double, _ upper: Double) -> EvaluationResults.Comparison {
        EvaluationResults.Comparison(
            first: "AutoDeco", second: "greedy", difference: Estimate(mean: mean, lower: lower, upper: upper))
    }

    @Test func anIntervalAboveZeroIsBetter() {
        #expect(
            comparison(0.108, 0.075, 0.141).words == "AutoDeco is better than greedy: +10.8 points (95 %: 7.5 to 14.1)."
        )
        #expect(comparison(0.108, 0.075, 0.141).shortWords == "+10.8 (7.5 to 14.1)")
    }

    @Test func anIntervalBelowZeroIsWorse() {
        #expect(
            comparison(-0.02, -0.031, -0.001).words
                == "AutoDeco is worse than greedy: −2.0 points (95 %: −3.1 to −0.1).")
    }

    @Test func aSmallFindingIsPrintedWithDigitsThatShowIt() {
        #expect(
            comparison(0.0004, 0.00002, 0.0008).words
                == "AutoDeco is better than greedy: +0.040 points (95 %: 0.002 to 0.080).")
        #expect(comparison(-0.0004, -0.0008, -0.00002).shortWords == "−0.040 (−0.080 to −0.002)")
        #expect(
            Words.points(Estimate(mean: 3e-6, lower: 2e-9, upper: 6e-6)).hasPrefix(
                "+0.0003000 points (95 % interval +0.0000002"))
        // What is not claimed needs none.
        #expect(comparison(0.0004, -0.00002, 0.0008).shortWords == "0.0 (0.0 to 0.1), no difference shown")
    }

    @Test(arguments: [(0.01, -0.002, 0.03), (-0.01, -0.03, 0), (0, 0, 0)])
    func anIntervalThatTouchesZeroShowsNoDifference(_ mean: Double, _ lower: Double, _ upper: Double) {
        let comparison = comparison(mean, lower, upper)
        #expect(comparison.finding == .noDifferenceShown)
        #expect(
            comparison.words.hasPrefix("AutoDeco and greedy: no difference shown, ")
                && comparison.shortWords.hasSuffix(", no difference shown"))
    }
}

@Suite struct ResamplesTests {
    @Test func intervalsAreThoseOfTheBootstrapOneByOne() {
        let bootstrap = Bootstrap(seed: 3, resamples: 2000), resamples = Resamples(problems: 37, bootstrap)
        let squares: [Double] = (0..<37).map { Double($0 * $0 % 11) / 7 },
            coins: [Double] = (0..<37).map { Double($0 % 2) }
        let columns: [[Double]] = [squares, coins, [Double](repeating: 0.3, count: 37)]
        for (column, found) in zip(columns, resamples.means(of: columns)) {
            let expected = bootstrap.mean(of: column)
            #expect(abs(found.mean - expected.mean) < 1e-14)
            #expect(abs(found.lower - expected.lower) < 1e-13)
            #expect(abs(found.upper - expected.upper) < 1e-13)
        }
    }

    @Test func whatWasAskedBeforeAndWithItDoesNotMatter() {
        let values: [Double] = (0..<50).map { Double($0 * $0 % 17) / 3 },
            other: [Double] = (0..<50).map { Double($0 % 5) }
        let alone = Resamples(problems: 50).mean(of: values), resamples = Resamples(problems: 50)
        _ = resamples.mean(of: other)
        #expect(resamples.means(of: [other, values, other])[1] == alone && resamples.mean(of: values) == alone)
    }
}

@Suite struct TextTableTests {
    private let table = TextTable(head: ["k", "pass"], rows: [["one|two", "9.5"], ["x", "100.0"]])

    @Test func aTerminalsColumnsAreAligned() {
        #expect(table.text == "k         pass\none|two    9.5\nx        100.0")
    }

    @Test func markdownKeepsBarsInTheirCells() {
        #expect(table.markdown == "| k | pass |\n| --- | ---: |\n| one\\|two | 9.5 |\n| x | 100.0 |")
    }
}

@Suite struct CorrectionTests {
    private func results(_ problems: Int, _ differences: [(Double, Double, Double, p: Double)]) -> EvaluationResults {
        var results = EvaluationResults(
            model: "m", problemFile: "p", problems: problems, seeds: [0], missing: [], rows: [], tuning: nil,
            comparisons: [],
            curves: [], diagnosis: nil, commands: [], generations: [], configuration: "{}")
        results.comparisons = differences.enumerated().map { number, d in
            EvaluationResults.Comparison(
                first: "AutoDeco", second: "row \(number)",
                difference: Estimate(mean: d.0, lower: d.1, upper: d.2, count: problems, p: d.p))
        }
        return results
    }

    @Test func theTableSaysHowManyComparisonsItMakesAndWhichSurvive() {
        let found = results(100, [(0.1, 0.05, 0.15, 0.0002), (0.02, 0.001, 0.04, 0.04), (0.01, -0.02, 0.03, 0.5)])
        #expect(
            found.correction == "3 comparisons are made, 2 of them show a difference at 95 % each; 1 survive Holm's "
                + "correction for so many comparisons, these do not: AutoDeco against row 1.")
        #expect(found.text.contains("survive Holm's correction"))
    }

    @Test func withTwoProblemsNothingIsShownAndNoIntervalIsPrinted() {
        let found = results(2, [(1, 1, 1, 0.0002)])
        #expect(found.comparisons[0].finding == .tooFew)
        #expect(found.comparisons[0].words == "AutoDeco and row 0: too few problems to tell, +100.0 points.")
        #expect(found.comparisons[0].shortWords == "+100.0 (too few problems)")
        #expect(found.correction?.hasPrefix("2 problems: too few for intervals, expected at least 20") == true)
        #expect(Words.interval(Estimate(mean: 1, lower: 1, upper: 1, count: 2)) == "too few problems")
    }
}

@Suite struct KeptOutcomesTests {
    private func decoded(_ text: String) throws -> Outcomes {
        try JSONDecoder().decode(Outcomes.self, from: Data(text.utf8))
    }

    private func columns(
        samples: String = "4", correct: String = "1", truncated: String = "0", tokens: String = "9",
        faults: String = "0"
    ) -> String {
        #"{"problem": ["p"], "samples": [\#(samples)], "correct": [\#(correct)], "truncated": [\#(truncated)], "tokens": [\#(tokens)], "#
            + #""faults": [\#(faults)], "firstFault": [null], "temperatureSum": [1.5], "topPSum": [2]}"#
    }

    @Test func outcomesThatContradictEachOtherAreRefused() throws {
        #expect(try decoded(columns()).problems[0].passRate == 0.25)
        for text in [
            columns(correct: "5"), columns(correct: "-1"), columns(samples: "0"), columns(truncated: "5"),
            columns(faults: "5"),
            columns(tokens: "-1"), columns(samples: "9223372036854775807", correct: "9223372036854775807"),
        ] {
            #expect(throws: EvaluationError.self, "\(text)") { try decoded(text) }
        }
    }
}
