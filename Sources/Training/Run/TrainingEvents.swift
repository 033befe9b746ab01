import Foundation
import Scoring

/// What a run tells whoever started it, and asks them.
public struct TrainingEvents {
    public var note: (String) -> Void
    public var step: (StepRecord) -> Void
    public var validation: (ValidationRecord) -> Void
    /// Asked after each step; where true the run saves and ends.
    public var isInterrupted: () -> Bool
    /// Called now and then before the first step; what it throws ends the run.
    public var check: () throws -> Void
    /// The text of each token of a completion, for the report.
    public var texts: ([Int]) -> [String]

    public init(
        note: @escaping (String) -> Void = { _ in }, step: @escaping (StepRecord) -> Void = { _ in },
        validation: @escaping (ValidationRecord) -> Void = { _ in }, isInterrupted: @escaping () -> Bool = { false },
        check: @escaping () throws -> Void = {}, texts: @escaping ([Int]) -> [String] = { $0.map { "⟨\($0)⟩" } }
    ) {
        (self.note, self.step, self.validation, self.isInterrupted, self.check, self.texts) = (
            note, step, validation, isInterrupted, check, texts
        )
    }
}

/// How a call of training ended.
public enum TrainingOutcome {
    case finished(TrainingSummary)
    /// Saved after a step, to be resumed.
    case interrupted(step: Int, checkpoint: URL)
}

/// What came out of a run.
public struct TrainingSummary: Sendable, Encodable {
    /// First what the run shows, in one or two sentences.
    public var verdict: String
    /// Steps done, and why training ended before its last one.
    public var steps: Int
    public var earlyStop: String?
    /// The yardstick: the run's own objective and weights, in words.
    public var yardstick: String
    /// The loss over all held-out tokens at the step that was kept, and that step; nil where nothing was held out.
    public var validationLoss: Double?
    public var bestStep: Int?
    public var yardsticks: Yardsticks?
    /// The kept heads beside the best constant pair, on trajectories that chose neither; nil where there are none.
    public var standing: Standing?
    /// What the comparison shows.
    public var finding: Standing.Finding?
    /// Of the kept heads over all held-out tokens.
    public var meanTemperature, meanTopP: Double?
    /// Mean T̂ of the kept heads at held-out tokens where the model is undecided, and how many that are; nil where
    /// there is none.
    public var uncertain: MeanKnobs.Uncertain?
    /// Tokens of the steps' trajectories, those kept, and seconds that steps took.
    public var tokens: Int
    public var keptTokens: Int
    public var seconds: Double
    /// Where heads and report lie.
    public var heads: String
    public var report: String

    /// T̂ of the kept heads, over all held-out tokens and where the model is undecided, in a sentence; nil where
    /// nothing was held out.
    public var temperatureWords: String? {
        guard let meanTemperature else { return nil }
        func number(_ value: Double) -> String { String(format: "%.3f", value) }
        let places = uncertain.map { uncertain in
            ", \(number(uncertain.temperature)) at the \(String(format: "%.1f", 100 * uncertain.share)) % of them that "
                + "are uncertain (largest p of the model below \(MeanKnobs.certainty))"
        }
        return "Mean T̂ on held-out tokens is \(number(meanTemperature))\(places ?? "")."
    }

    init(
        _ state: TrainingState, loss: ObjectiveLoss, standing: Standing?, means: MeanKnobs?, folder: RunFolder,
        metrics: MetricsFile
    ) {
        steps = state.step
        earlyStop = state.progress.earlyStop
        yardstick = loss.words
        validationLoss = state.progress.best?.loss
        bestStep = state.progress.best?.step
        yardsticks = state.progress.yardsticks
        (self.standing, finding) = (standing, standing?.finding)
        (meanTemperature, meanTopP, uncertain) = (means?.temperature, means?.topP, means?.uncertain)
        (tokens, keptTokens) = (state.progress.tokens, state.progress.kept)
        seconds = metrics.steps.reduce(0) { $0 + $1.seconds }
        (heads, report) = (folder.heads.path, folder.report.path)
        verdict =
            standing?.words
            ?? (state.progress.best == nil
                ? "Nothing was held out, so nothing says whether the heads have learned anything."
                : ("Too few held-out trajectories to tell: all of them chose the best step, and none "
                    + "is left to judge by."))
    }
}
