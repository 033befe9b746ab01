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
