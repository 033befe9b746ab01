import Evaluation
import Testing

@testable import Improvement

/// Which round is chosen, when rounds end, and which problems each takes.
@Suite struct ChoiceTests {
    private func rounds(_ rates: [Double]) -> [RoundResult] {
        rates.enumerated().map { round, rate in
            RoundResult(
                round: round, policy: "p", firstProblem: 0, problems: 1, seed: 0, sampled: 1, accepted: 1, kept: 1,
                sampledTokens: 1, meanTemperature: 1, meanTopP: 1, heads: "h", passRate: rate)
        }
    }

    @Test func theBestRoundIsTheFirstOfTheBest() {
        #expect(rounds([0.5, 0.7, 0.6, 0.7]).best?.round == 1)
        #expect(rounds([0.5]).best?.round == 0 && rounds([]).best == nil)
    }

    @Test func roundsEndAfterAsManyWithoutABetterOne() {
        #expect(!rounds([0.5, 0.4]).haveStopped(patience: 2) && rounds([0.5, 0.4, 0.5]).haveStopped(patience: 2))
        #expect(!rounds([0.5, 0.4, 0.6]).haveStopped(patience: 2) && rounds([0.5, 0.4]).haveStopped(patience: 1))
        #expect(!rounds([]).haveStopped(patience: 1))
    }

    /// What is not shown is not claimed, and a round's line is the same wherever it is printed.
    @Test func findingsSayWhatIsShownWithItsInterval() throws {
        let small = try SmallImprovement()
        var results = ImprovementResults(try small.configuration().improvementInputs(), rounds([0.25, 0.5]))
        func outcomes(_ rate: (Int) -> Int) -> Outcomes {
            Outcomes(
                problems: (0..<40).map {
                    ProblemOutcome(
                        problem: "p\($0)", samples: 4, correct: rate($0), truncated: 0, tokens: 40,
                        temperatureSum: 20, topPSum: 40)
                })
        }
        let pair = StaticPair(temperature: 0.7, topP: 0.9)
        results.record(
            outcomes { $0 % 2 + 2 }, heads: "round 1", bestPair: (pair, outcomes { $0 % 2 + 1 }),
            meanShift: (pair, outcomes { ($0 + 1) % 2 + 2 }), planted: outcomes { $0 % 2 + 2 })
        #expect(
            results.findings.first
                == "On 40 test problems round 1 solves 62.5 %, above the best constant pair, T = 0.70 and P = 0.90, "
                + "with 37.5 %: +25.0 points (95 % interval +25.0 to +25.0).")
        #expect(results.findings.count == 3 && results.findings[1].contains("not told apart from the mean shift"))
        #expect(results.findings[2].contains("not told apart from the heads planted by hand with 62.5 %: 0.0 points"))
        #expect(
            results.text.hasPrefix(results.rounds[0].words) && results.choice.contains("round 1, which solves 50.0 %"))
    }

    @Test func problemsGoOnAfterTheLastWithTheFirst() throws {
        let small = try SmallImprovement()
        var inputs = try small.configuration().improvementInputs()
        inputs.settings.problems = 4
        #expect(inputs.places(ofRound: 0) == [0, 1, 2, 3] && inputs.places(ofRound: 2) == [8, 9, 0, 1])
        // A round takes each problem once at most.
        inputs.settings.problems = 99
        #expect(inputs.places(ofRound: 3) == Array(0..<10))
    }
}
