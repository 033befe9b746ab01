import Evaluation
import Scoring

/// What rounds came to: `improve.json`.
public struct ImprovementResults: Sendable, Equatable, Codable {
    /// One entry a round, round 0 first.
    public var rounds: [RoundResult]
    /// The round with the best pass@1 on the validation problems, of equal ones the first.
    public var bestRound: Int
    /// Problems that rounds were compared on.
    public var validationProblems: Int
    /// How the rounds ended, in a sentence.
    public var ending: String
    /// What the best round and its yardsticks reach on the test problems; empty before they are measured.
    public var test: [TestRow] = []
    public var testProblems: Int?
    /// Best round − yardstick in pass@1 on the test problems, as shares, with paired intervals over problems; nil
    /// before they are measured, and for planted heads where there are none.
    public var againstBestPair, againstMeanShift, againstPlanted: Estimate?
    /// Pass@1 of yardsticks on the validation problems.
    public var yardsticks: [Yardstick] = []

    /// A method on the test problems.
    public struct TestRow: Sendable, Equatable, Codable {
        public var name: String
        /// `improved`, `bestPair`, `meanShift` or `planted`, as in results of `autodeco-eval`.
        public var role: String
        /// Where it is a constant pair.
        public var temperature, topP: Double?
        /// Pass@1 with its interval.
        public var passRate: Estimate
        /// Completions a problem.
        public var samples: Int
    }

    /// A method on the validation problems.
    public struct Yardstick: Sendable, Equatable, Codable {
        public var name: String
        public var passRate: Double
    }

    /// - Parameter rounds: at least one.
    init(_ inputs: ImprovementInputs, _ rounds: [RoundResult]) {
        self.rounds = rounds
        let best = rounds.best
        bestRound = best?.round ?? 0
        validationProblems = inputs.validation.problems.count
        let last = rounds.last?.round ?? 0, patience = inputs.settings.patience
        ending =
            rounds.haveStopped(patience: patience)
            ? "Round \(last) is the last one: "
                + (patience == 1
                    ? "it brought nothing better than round \(bestRound)."
                    : "\(patience) rounds in a row brought nothing better than round \(bestRound).")
            : last == inputs.settings.rounds
                ? "Round \(last) is the last of those that were asked for."
                : "Round \(last) is done, and more are to come."
    }

    /// Takes what was measured on the test problems.
    mutating func record(
        _ ours: Outcomes, heads: String, bestPair: (StaticPair, Outcomes), meanShift: (StaticPair, Outcomes),
        planted: Outcomes?
    ) {
        let resamples = Resamples(problems: ours.problems.count)
        func row(_ name: String, _ role: String, _ outcomes: Outcomes, _ pair: StaticPair? = nil) -> TestRow {
            TestRow(
                name: name, role: role, temperature: pair?.temperature, topP: pair?.topP,
                passRate: resamples.mean(of: outcomes.passRates), samples: outcomes.samples / outcomes.problems.count)
        }
        func difference(_ other: Outcomes) -> Estimate { resamples.difference(ours.passRates, other.passRates) }
        testProblems = ours.problems.count
        test =
            [
                row(heads, "improved", ours), row("best constant pair", "bestPair", bestPair.1, bestPair.0),
                row("mean shift", "meanShift", meanShift.1, meanShift.0),
            ] + (planted.map { [row("heads planted by hand", "planted", $0)] } ?? [])
        (againstBestPair, againstMeanShift) = (difference(bestPair.1), difference(meanShift.1))
        againstPlanted = planted.map(difference)
    }
}

extension RoundResult {
    /// Its heads' own average as a constant pair.
    var meanPair: StaticPair { MeanKnobs(temperature: meanTemperature, topP: meanTopP).pair }
}
