import Files
import Foundation
import HiddenStateCache
import Reports
import Scoring

/// `report.html`: what a run did, on one page.
struct RunReport {
    let settings: TrainingSettings
    let record: RunRecord
    let cache: HiddenStateCache
    let plan: RunPlan
    let summary: TrainingSummary
    let steps: [StepRecord]
    let validations: [ValidationRecord]
    /// For tokens that the heads were not trained on, where there are such.
    let samples: TokenPredictions
    /// The text of each token of a completion.
    let texts: ([Int]) -> [String]

    private static let longestView = 600

    var page: Page {
        var page = Page(
            "Training report",
            subtitle:
                "\(cache.description.modelName), \(counted(summary.steps, "step")), "
                + "objective \(settings.loss.objective.rawValue)")
        page.add("Result", result)
        page.add("Loss", losses)
        page.add("Temperature and top-p over training", histograms)
        page.add("Temperature and top-p against entropy", againstEntropy)
        if !samples.labels.isEmpty { page.add("One trajectory", trajectory) }
        page.add("Run", [.table(facts), .collapsible("Resolved configuration", [.code(resolvedConfiguration)])])
        return page
    }

    private func number(_ value: Double, _ places: Int = 4) -> String { String(format: "%.\(places)f", value) }

    private var result: [Block] {
        var facts: [Fact] = []
        if let loss = summary.validationLoss, let step = summary.bestStep {
            facts.append(Fact("Validation loss", number(loss, 5), note: "after step \(step)"))
        }
        if let yardsticks = summary.yardsticks {
            let best = yardsticks.bestConstant
            facts.append(
                Fact(
                    "Best constant pair", number(best.loss, 5),
                    note: "T = \(number(best.temperature, 2)), P = \(number(best.topP, 2))"))
            facts.append(Fact("Default sampling", number(yardsticks.defaultSampling.loss, 5), note: "T = 1, P = 1"))
        }
        // Of the heads that are kept, as the loss is.
        if let temperature = summary.meanTemperature, let topP = summary.meanTopP, let step = summary.bestStep {
            facts.append(Fact("Mean T̂", number(temperature, 3), note: "on held-out tokens, after step \(step)"))
            if let uncertain = summary.uncertain {
                facts.append(
                    Fact(
                        "T̂ at uncertain tokens", number(uncertain.temperature, 3),
                        note: "the \(number(100 * uncertain.share, 1)) % of them whose largest p of the model is below "
                            + "\(MeanKnobs.certainty)"))
            }
            facts.append(Fact("Mean P̂", number(topP, 3), note: "on held-out tokens, after step \(step)"))
        }
        let words: Block = summary.finding == .better ? .paragraph(summary.verdict) : .warning(summary.verdict)
        let stop = summary.earlyStop.map { [Block.paragraph("Training ended early: \($0).")] } ?? []
        return [.facts(facts), words] + stop
    }

    private var losses: [Block] {
        let training = steps.map { Point(Double($0.step), $0.loss) },
            held = validations.map { Point(Double($0.step), $0.result.loss) }
        var references: [ReferenceLine] = []
        if let yardsticks = summary.yardsticks {
            references = [
                ReferenceLine("default sampling", at: yardsticks.defaultSampling.loss),
                ReferenceLine("best constant pair", at: yardsticks.bestConstant.loss),
            ]
        }
        // On scales of their own: easy-token masking makes the training loss another quantity.
        var blocks: [Block] = []
        if !held.isEmpty {
            blocks.append(
                .figure(
                    LineChart(
                        "Validation loss", x: "step", y: "loss per token, nats",
                        lines: [Line("heads", held, showsPoints: true)], references: references),
                    caption: "On \(plan.validationTokens) held-out tokens: \(summary.yardstick), nothing dropped. "
                        + "The half of them that chooses the best step has chosen the constants, too; "
                        + "all lines are means over all of them."))
            if let near = nearYardsticks(held) {
                blocks.append(
                    .figure(
                        LineChart(
                            "Validation loss, near the yardsticks", x: "step", y: "loss per token, nats",
                            lines: [Line("heads", near, showsPoints: true)],
                            references: references),
                        caption: "The same without the first, larger values."))
            }
        }
        blocks.append(
            .figure(
                LineChart(
                    "Training loss", x: "step", y: "loss per kept token, nats",
                    lines: Line.smoothed("training", training, window: max(1, steps.count / 20))),
                caption: "Mean over the tokens that easy-token masking keeps; the line is the mean of the steps before."
            ))
        let rates = steps.map { Point(Double($0.step), $0.learningRate) },
            norms = steps.map { Point(Double($0.step), $0.gradientNorm) }
        blocks.append(
            .figures([
                LineChart("Learning rate", x: "step", y: "learning rate", lines: [Line("learning rate", rates)]),
                LineChart(
                    "Norm of the gradient", x: "step", y: "norm before clipping",
                    lines: Line.smoothed("norm", norms, window: max(1, steps.count / 20)),
                    references: settings.gradientClip.map { [ReferenceLine("clipped at", at: $0)] } ?? []),
            ]))
        return blocks
    }

    /// The validations whose loss is of the yardsticks' size, where that hides nothing but the beginning; nil where it
    /// hides nothing.
    private func nearYardsticks(_ held: [Point]) -> [Point]? {
        guard let reference = summary.yardsticks?.defaultSampling.loss,
            let first = held.firstIndex(where: { $0.y <= 1.1 * reference })
        else { return nil }
        let near = Array(held[first...])
        return first > 0 && near.count > 1 ? near : nil
    }

    private var histograms: [Block] {
        guard !validations.isEmpty else {
            return [.paragraph("Nothing was held out, so nothing was predicted during training.")]
        }
        func slices(_ value: (ValidationResult) -> Histogram) -> [HistogramsOverTime.Slice] {
            validations.map { HistogramsOverTime.Slice(at: Double($0.step), value($0.result)) }
        }
        let constant = summary.yardsticks?.bestConstant
        func reference(_ value: Double?) -> [ReferenceLine] {
            value.map { [ReferenceLine("best constant", at: $0)] } ?? []
        }
        return [
            .figures(
                [
                    HistogramsOverTime(
                        "Temperature", x: "step", y: Axis("T̂", range: 0...2), slices: slices(\.temperature),
                        references: reference(constant?.temperature)),
                    HistogramsOverTime(
                        "Top-p", x: "step", y: Axis("P̂", range: 0...1), slices: slices(\.topP),
                        references: reference(constant?.topP), colour: 1),
                ], caption: "Predictions for all held-out tokens.")
        ]
    }

    private var againstEntropy: [Block] {
        func points(_ values: [Double]) -> [Point] { zip(samples.entropies, values).map { Point($0, $1) } }
        let entropy: Axis = "entropy of the model's distribution, nats"
        return [
            .figures(
                [
                    DensityPlot(
                        "Temperature against entropy", x: entropy, y: Axis("T̂", range: 0...2),
                        points: points(samples.temperatures)),
                    DensityPlot(
                        "Top-p against entropy", x: entropy, y: Axis("P̂", range: 0...1), points: points(samples.topPs),
                        colour: 1),
                ],
                caption:
                    "\(counted(samples.labels.count, "token")) of "
                    + "\(settings.validationFraction > 0 ? "held-out" : "training") "
                    + "trajectories, best heads."
            )
        ]
    }

    /// The trajectory of middle length among the samples.
    private var trajectory: [Block] {
        let runs = Dictionary(grouping: samples.trajectories.indices) { samples.trajectories[$0] }
        let ordered = runs.sorted { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
        guard !ordered.isEmpty else { return [] }
        let (number, rows) = ordered[ordered.count / 2], shown = rows.prefix(Self.longestView)
        let words = texts(shown.map { samples.labels[$0] })
        let tokens = zip(words, shown).map { text, row in
            TokenView.Token(
                text, temperature: samples.temperatures[row], topP: samples.topPs[row],
                probability: samples.probabilities[row], entropy: samples.entropies[row])
        }
        return [
            .tokens(
                TokenView(
                    "Trajectory \(number)\(shown.count < rows.count ? ", its first \(shown.count) tokens" : "")",
                    tokens: tokens))
        ]
    }

    private var facts: Table {
        Table(
            columns: [.text("What"), .text("How much")],
            rows: [
                ["Tokens of all steps", .text("\(summary.tokens), \(summary.keptTokens) of them kept")],
                ["Seconds in steps", .text(number(summary.seconds, 1))],
                ["Tokens a second", .text("\(Int(Double(summary.tokens) / max(summary.seconds, 1e-9)))")],
                [
                    "Training",
                    .text(
                        "\(counted(plan.trainingTrajectories, "trajectory", "trajectories")), "
                            + "\(counted(plan.trainingTokens, "token")), "
                            + "\(number(plan.epochs, 2)) epochs"
                    ),
                ],
                [
                    "Validation",
                    .text(
                        "\(counted(plan.validationTrajectories, "trajectory", "trajectories")), "
                            + "\(counted(plan.validationTokens, "token"))"),
                ],
                ["Parameters", .text("\(plan.parameters)")],
                ["Products", .text(plan.precision == "bf16" ? "BF16, sums in Float" : "Float")],
                ["Model", .text("hidden size \(cache.description.hiddenSize), vocabulary \(plan.vocabulary)")],
                ["Heads", .text(summary.heads)],
            ])
    }

    private var resolvedConfiguration: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(record.configuration)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
