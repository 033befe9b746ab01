import Recipes
import Files
import Foundation
import Terminal
import Training

/// The live line of a run: step, loss, validation, mean T̂ and P̂, tokens a second.
///
/// A class because the line goes on over the whole run; one thread trains and calls it.
final class Display {
    private let console: Console
    private let steps: Int
    private var line: ProgressLine?
    private var validation = ""

    init(console: Console, steps: Int) { (self.console, self.steps) = (console, steps) }

    func show(_ record: StepRecord) {
        let line = line ?? console.progress("train", of: steps, from: record.step - 1)
        self.line = line
        line.status(
            String(
                format: "loss %.4f%@  T̂ %.2f  P̂ %.2f  %@ tokens/s", record.loss, validation, record.meanTemperature,
                record.meanTopP,
                Readable.count(Int(record.tokensPerSecond))))
        line.update(to: record.step)
    }

    func show(_ record: ValidationRecord) {
        validation = String(format: "  validation %.4f", record.result.loss)
        // The first one has the yardsticks to go by; the others stand in the live line.
        guard record.step == 0 else { return }
        let best = record.yardsticks.bestConstant
        console.note(
            String(
                format:
                    "validation loss %.5f before training; %.5f at T = 1, P = 1; %.5f at the best constants, T = "
                    + "%.2f, P = %.2f",
                record.result.loss,
                record.yardsticks.defaultSampling.loss, best.loss, best.temperature, best.topP))
    }

    func finish() { line?.finish() }
}

/// What `--dry-run` prints.
struct Preview: Encodable {
    var configuration: JSONValue
    var run: RunPlan

    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let resolved = (try? encoder.encode(configuration)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        var lines = [
            resolved, "",
            "cache         \(Readable.bytes(run.cacheBytes))\(run.isExpected ? ", expected" : "")",
            "training      \(Readable.count(run.trainingTrajectories, "trajectory", "trajectories")), "
                + "\(Readable.count(run.trainingTokens, "token"))",
            "validation    \(Readable.count(run.validationTrajectories, "trajectory", "trajectories")), "
                + "\(Readable.count(run.validationTokens, "token"))",
            "parameters    \(Readable.count(run.parameters))",
            "steps         \(Readable.count(run.steps)), " + String(format: "%.2f", run.epochs)
                + " epochs, \(Readable.count(run.tokensOfAllSteps, "token"))",
            "memory        \(Readable.bytes(run.memoryBytes)) beside the mapped cache; a checkpoint takes "
                + "\(Readable.bytes(run.checkpointBytes))",
        ]
        if let seconds = run.seconds, let rate = run.tokensPerSecond {
            let bound = run.isExpected ? "at most about" : "about",
                reason = run.isExpected ? ", less what is dropped as easy" : ""
            lines.append(
                "time          \(bound) \(Readable.duration(seconds)) at \(Readable.count(Int(rate))) tokens/s\(reason)"
            )
        }
        return lines.joined(separator: "\n")
    }
}

/// How a run went, in words.
func text(of summary: TrainingSummary) -> String {
    let stop = summary.earlyStop.map { ", ended early after \($0)" } ?? ""
    return """
        \(summary.verdict)\(summary.temperatureWords.map { "\n\($0)" } ?? "")
        \(Readable.count(summary.steps, "step"))\(stop), \(Readable.count(summary.tokens, "token")) in \
        \(Readable.duration(summary.seconds))
        heads   \(summary.heads)
        report  \(summary.report)
        """
}
