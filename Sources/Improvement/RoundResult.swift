import Scoring

/// What a round came to: `round.json` in its folder, and an entry of `improve.json`.
public struct RoundResult: Sendable, Equatable, Codable {
    /// From 0, the round that samples as the configuration says.
    public var round: Int
    /// What it sampled with.
    public var policy: String
    /// Place of its first problem in `task.train`, from 0, and how many it took.
    public var firstProblem, problems: Int
    public var seed: UInt64
    /// Completions, those that the verifier accepts, and the trajectories that are kept of them.
    public var sampled, accepted, kept: Int
    public var sampledTokens: Int
    /// The run's own validation loss at the step that was kept, and that step; nil where nothing was held out.
    public var validationLoss: Double?
    public var bestStep: Int?
    /// The heads' means, of held-out tokens where there are such, else of tokens that they drew.
    public var meanTemperature, meanTopP: Double
    /// Mean T̂ of the round's own tokens, held-out ones where there are such, by the model's entropy; nil for a round
    /// from before this was measured.
    public var temperatureByEntropy: [EntropyBand]?
    /// Eight digits that stand for the heads' files.
    public var heads: String
    /// Pass@1 of the heads on the validation problems, in [0, 1].
    public var passRate: Double

    /// Share of the completions that the verifier accepts.
    public var acceptanceRate: Double { sampled > 0 ? Double(accepted) / Double(sampled) : 0 }
}

extension [RoundResult] {
    /// The round with the best pass@1, of equal ones the first; nil where there is none.
    var best: RoundResult? {
        reduce(nil as RoundResult?) { best, round in
            guard let best, best.passRate >= round.passRate else { return round }
            return best
        }
    }

    /// Whether so many rounds in a row have brought nothing better.
    func haveStopped(patience: Int) -> Bool {
        guard let best, let last else { return false }
        return last.round - best.round >= patience
    }
}
