import Reports
import Scoring

extension EvaluationReport {
    // MARK: Diagnosis

    var diagnosis: [Block] {
        guard let diagnosis = results.diagnosis else {
            return [
                .paragraph(
                    "There is no diagnosis: it is made from a cache of hidden states of this model, "
                        + "and there is none that fits."
                )
            ]
        }
        func group(_ name: String, _ row: DiagnosisRow) -> IntervalChart.Group {
            IntervalChart.Group(
                name,
                [
                    .init("gain over β̄", row.gain.mean, interval: row.gain.range(), colour: 0),
                    .init("alignment", row.alignment.mean, interval: row.alignment.range(), colour: 2),
                    .init("curvature penalty", -row.curvaturePenalty, colour: 1),
                ])
        }
        let groups =
            [group("All tokens", diagnosis.total)]
            + diagnosis.quartiles.enumerated().filter { $1.tokens > 0 }.map { index, row in
                group("Entropy quartile \(index + 1), mean \(Words.fixed(row.meanEntropy, 2)) nats", row)
            }
        return [
            .paragraph(diagnosis.words),
            .figure(
                IntervalChart(
                    "Where the gain comes from", x: "nats a label", groups: groups,
                    reference: ReferenceLine("the constant β̄", at: 0)),
                caption:
                    "Teacher-forced on \(Words.count(diagnosis.trajectories, "trajectory", plural: "trajectories")) "
                    + "of a cache. β = 1/T̂, and β̄ is its mean; the gain is about the alignment less the curvature "
                    + "penalty, which is drawn as what it takes away. Intervals are 95 %, over trajectories."
            ),
            .collapsible("All numbers of the diagnosis", [.code(diagnosis.table)]),
        ]
    }

    // MARK: Commands

    /// The paper's Table 4.
    var commands: [Block] {
        func change(_ change: Estimate?, _ decimals: Int) -> Table.Cell {
            guard let change else { return .missing }
            let decimals = Words.places(change, atLeast: decimals, scale: 1)
            guard change.hasInterval else { return .text("\(Words.signed(change.mean, decimals)) (\(Words.tooFew))") }
            let ends = "(\(Words.signed(change.lower, decimals)) to \(Words.signed(change.upper, decimals)))"
            return .text(
                change.showsNoDifference
                    ? "no difference shown \(ends)" : "\(Words.signed(change.mean, decimals)) \(ends)")
        }
        func share(_ share: Double?) -> Table.Cell { share.map { .number(100 * $0) } ?? .missing }
        let rows = results.commands.map { effect in
            Table.Row([
                .text(effect.command.map { "“\($0)”" } ?? "without a word"), .number(effect.meanTemperature),
                change(effect.temperatureChange, 3),
                share(effect.temperatureConsistency), .number(effect.meanTopP), change(effect.topPChange, 3),
                share(effect.topPConsistency),
            ])
        }
        let problems = Set(results.commands.map(\.problems)).sorted().map(String.init)
        return [
            .table(
                Table(
                    "Over \(Words.list(problems)) problems",
                    columns: [
                        .text("prompt"), .number("mean T̂", decimals: 3), .number("change of T̂"),
                        .number("consistent", unit: "%", decimals: 0),
                        .number("mean P̂", decimals: 3), .number("change of P̂"),
                        .number("consistent", unit: "%", decimals: 0),
                    ], rows: rows)),
            .paragraph(
                "Changes are with the word less without it, paired over problems, with 95 % intervals. Consistent is "
                    + "the share of problems whose mean moves as the word says: down for “certain”, up for “diverse”; "
                    + "50 % is chance."
            ),
        ]
    }

    // MARK: Generations

    /// Longer completions are shown to here: a page has to stay one that a browser opens at once.
    static let longestView = 2000

    var generations: [Block] {
        let options = results.generations.enumerated().map { index, generation in
            let outcome = generation.isCorrect ? "correct" : "wrong"
            let name =
                "\(index + 1): \(generation.method), \(outcome)\(generation.isTruncated ? ", truncated" : ""), "
                + "\(Self.short(generation.problem))"
            return Choice.Option(name, blocks(generation, number: index + 1))
        }
        return [
            .paragraph(
                "\(Words.count(results.generations.count, "completion")), token by token. The shade is T̂ or P̂; point "
                    + "at a token, tap it or walk with the arrow keys to read its numbers. Probability and entropy are "
                    + "those of softmax(l/T̂), before top-p."
            ),
            .choice(Choice("Completion", options)),
        ]
    }

    private func blocks(_ generation: EvaluationResults.Generation, number: Int) -> [Block] {
        let shown = generation.tokens.prefix(Self.longestView)
        var marks = [generation.isCorrect ? Mark("correct", .good) : Mark("wrong", .bad)]
        if generation.isTruncated { marks.append(Mark("truncated: cut off before it ended", .bad)) }
        marks.append(Mark(generation.method))
        marks.append(
            Mark(
                Words.count(generation.tokens.count, "token")
                    + (shown.count < generation.tokens.count ? ", the first \(shown.count) shown" : "")))
        let tokens = shown.map {
            TokenView.Token(
                $0.text, temperature: $0.temperature, topP: $0.topP, probability: $0.probability, entropy: $0.entropy)
        }
        return [
            .marks(marks),
            .tokens(
                TokenView(
                    "Completion \(number): \(Self.short(generation.problem))", prompt: generation.prompt, tokens: tokens
                )),
        ]
    }

    /// The beginning of a problem, on one line.
    private static func short(_ problem: String) -> String {
        let line = problem.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count > 70 ? line.prefix(69) + "…" : line
    }
}
