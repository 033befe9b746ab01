import AutoDecoHeads
import Foundation
import HiddenStateCache
import Scoring

// What a run leaves behind when it ends.

extension Trainer {
    /// Writes heads with their card and report, and says how it went.
    func finish(
        _ state: TrainingState, _ metrics: MetricsFile, _ curves: EventFiles, _ events: TrainingEvents
    ) throws -> TrainingSummary {
        let best = AutoDecoHeads(configuration: headsConfiguration, ordered: state.bestParameters)
        try export(best)
        try curves.close()
        let standing = try state.progress.yardsticks.flatMap { yardsticks in
            try validation.standing(of: best, beside: yardsticks.bestConstant, batch: &batch)
        }
        let summary = TrainingSummary(
            state, loss: validation.loss, standing: standing, means: try means(of: best), folder: folder,
            metrics: metrics)
        let report = RunReport(
            settings: settings, record: record, cache: cache, plan: plan, summary: summary, steps: metrics.steps,
            validations: metrics.validations, samples: try samplePredictions(best), texts: events.texts)
        try report.page.write(to: folder.report.path)
        try writeCard(summary)
        return summary
    }

    /// Mean T̂ and P̂ of the heads that are kept, over the held-out tokens; nil where nothing is held out.
    private func means(of heads: AutoDecoHeads<Float>) throws -> MeanKnobs? {
        let held = validation.heldOut.trajectories
        return held.isEmpty ? nil : try MeanKnobs(of: heads, on: cache, over: held)
    }

    /// Predictions of the heads for some of the held-out trajectories, or of the training's where nothing is held out,
    /// about so many tokens.
    private func samplePredictions(_ heads: AutoDecoHeads<Float>) throws -> TokenPredictions {
        let all = validation.heldOut.trajectories.isEmpty ? stepPlan.trajectories : validation.heldOut.trajectories
        var chosen: [TrajectoryIndex] = [], tokens = 0
        // Evenly spread, so that they stand for all.
        let stride = max(1, all.tokens / Self.plottedTokens)
        for (number, trajectory) in all.enumerated() where number % stride == 0 && tokens < Self.plottedTokens {
            chosen.append(trajectory.truncated(to: Self.plottedTokens))
            tokens += trajectory.count
        }
        return try validation.predictions(heads, for: chosen, batch: &batch)
    }

    private static let plottedTokens = 20_000
}
