import Evaluation
import Reports
import Scoring

extension ImprovementResults {
    /// `report.html`: pass@1 by round beside the yardsticks, and what the best round reaches.
    var page: Page {
        var page = Page("Improvement report", subtitle: "rounds of sampling with heads and fitting them anew")
        page.add("Result", result)
        page.add("Rounds", [.figure(passRates, caption: caption), .table(table)])
        page.add("Temperature and top-p by round", [.figures(knobs, caption: "Means of the heads of each round.")])
        if let byEntropy { page.add("T̂ by entropy, by round", [.figure(byEntropy, caption: entropyCaption)]) }
        return page
    }

    private var result: [Block] {
        let words = [choice] + findings
        let facts =
            [Fact("Best round", "\(bestRound)")]
            + [
                ("Against the best constant pair", againstBestPair), ("Against its own mean", againstMeanShift),
                ("Against planted heads", againstPlanted),
            ].compactMap { name, difference in
                difference.map { Fact(name, "\(Words.gain($0)) points", note: Words.ends($0)) }
            }
        let rows = test.map { row in
            Table.Row(
                [
                    .text(row.name), row.temperature.map { .number($0) } ?? .missing,
                    row.topP.map { .number($0) } ?? .missing,
                    .interval(100 * row.passRate.mean, 100 * row.passRate.lower...100 * row.passRate.upper),
                    .number(Double(row.samples)),
                ], isEmphasised: row.role == "improved")
        }
        let table = Table(
            "Test problems",
            columns: [
                .text("method"), .number("T"), .number("P"), .number("pass@1", unit: "%", decimals: 1),
                .number("completions a problem", decimals: 0),
            ], rows: rows)
        return [.facts(facts)] + words.map { .paragraph($0) } + [.paragraph(ending)]
            + (test.isEmpty ? [] : [.table(table)])
    }

    private var passRates: LineChart {
        LineChart(
            "Pass@1 by round", x: Axis("round", ticks: rounds.map { Double($0.round) }), y: "pass@1, %",
            lines: [
                Line("heads", rounds.map { Point(Double($0.round), 100 * $0.passRate) }, showsPoints: true),
                Line(
                    "sampled with, before", rounds.map { Point(Double($0.round), 100 * $0.acceptanceRate) },
                    stroke: .dashed, showsPoints: true),
            ], references: yardsticks.map { ReferenceLine($0.name, at: 100 * $0.passRate) })
    }

    private var caption: String {
        "On the \(validationProblems) validation problems that chose the round; completions that a round sampled to "
            + "learn from are of training problems."
    }

    private var table: Table {
        Table(
            "Rounds",
            columns: [
                .number("round", decimals: 0), .number("sampled", decimals: 0),
                .number("right", unit: "%", decimals: 1), .number("kept", decimals: 0),
                .number("validation loss", decimals: 5), .number("T̂"), .number("P̂"),
                .number("pass@1", unit: "%", decimals: 1),
            ],
            rows: rounds.map { round in
                Table.Row(
                    [
                        .number(Double(round.round)), .number(Double(round.sampled)),
                        .number(100 * round.acceptanceRate), .number(Double(round.kept)),
                        round.validationLoss.map { .number($0) } ?? .missing, .number(round.meanTemperature),
                        .number(round.meanTopP), .number(100 * round.passRate),
                    ], isEmphasised: round.round == bestRound)
            })
    }

    /// Mean T̂ over the model's entropy, a line a round; nil where no round has measured it. Of many rounds the first,
    /// the last and some between them are drawn.
    private var byEntropy: LineChart? {
        let measured = rounds.filter { $0.temperatureByEntropy?.isEmpty == false }
        guard let last = measured.indices.last else { return nil }
        let most = 6, shown = Set((0..<most).map { $0 * last / (most - 1) })
        return LineChart(
            "T̂ by entropy", x: Axis("entropy of the model, nats"), y: Axis("mean T̂"),
            lines: measured.indices.filter(shown.contains).map { place in
                Line(
                    "round \(measured[place].round)",
                    (measured[place].temperatureByEntropy ?? []).map { Point($0.entropy, $0.temperature) },
                    showsPoints: true)
            })
    }

    private var entropyCaption: String {
        "Mean T̂ of tokens of about the same entropy, of the text that each round was fitted to, held-out where there "
            + "is some. A flat line is a constant; low on the left and high on the right is control of single tokens."
    }

    private var knobs: [any Plot] {
        [("Mean T̂", \RoundResult.meanTemperature), ("Mean P̂", \RoundResult.meanTopP)].map { name, value in
            LineChart(
                name, x: Axis("round", ticks: rounds.map { Double($0.round) }), y: Axis(name),
                lines: [Line(name, rounds.map { Point(Double($0.round), $0[keyPath: value]) }, showsPoints: true)])
        }
    }
}
