import Decoding
import Reports

extension EvaluationReport {
    /// The paper's Figure 2, and what the three filters come to where they were measured.
    var nucleus: [Block] {
        var blocks = masks
        let filters = rows(.filters)
        guard !filters.isEmpty else {
            return blocks + [.paragraph("The three filters have not been compared on this evaluation's problems.")]
        }
        blocks.append(
            .figure(
                IntervalChart("The three filters", x: "pass@1, %", groups: Self.byHeads(filters)),
                caption: "P̂ of the same heads read as each filter, with 95 % intervals over problems."))
        return blocks
    }

    private var masks: [Block] {
        guard let example = NucleusExample.shown else { return [] }
        let ranks = example.probabilities.indices.map { Double($0 + 1) }
        func line(_ name: String, _ values: [Double], _ stroke: Line.Stroke = .solid) -> Line {
            Line(name, zip(ranks, values).map { Point($0, $1) }, stroke: stroke, showsPoints: true)
        }
        let rank = Axis("token, by falling probability", ticks: ranks)
        let filters: [(NucleusFilter, Line.Stroke)] = [(.soft, .solid), (.hard, .dashed), (.inclusive, .dotted)]
        let last = Words.fixed(example.topP, 1), α = Words.fixed(NucleusFilter.steepness, 0)
        return [
            .figures(
                [
                    LineChart(
                        "Masks at P̂ = \(last)", x: rank, y: Axis("mask m", range: 0...1),
                        lines: filters.map { line($0.rawValue, example.mask($0), $1) }),
                    LineChart(
                        "What remains", x: rank, y: "probability, renormalised",
                        lines: filters.map { line($0.rawValue, example.renormalised($0), $1) } + [
                            line("no filter", example.probabilities)
                        ]),
                ],
                caption:
                    "An example of \(ranks.count) tokens. Soft is what heads are trained with: m = exp(−α·relu(c − "
                    + "P̂)), α = \(α), c the cumulative probability with the token itself. Hard keeps tokens until c "
                    + "reaches P̂, the one that reaches it included; inclusive keeps those with c "
                    + "≤ P̂, and always the first."
            )
        ]
    }

    /// Rows under their heads' name; others in a group without one.
    private static func byHeads(_ rows: [EvaluationResults.Row]) -> [IntervalChart.Group] {
        var groups: [IntervalChart.Group] = []
        for row in rows {
            let heads = row.heads.map { "heads of \($0)" }, name = row.filter?.rawValue ?? row.name
            let entry = IntervalChart.Row(name, 100 * row.passAt1.mean, interval: row.passAt1.percentRange)
            if let place = groups.firstIndex(where: { $0.name == heads }) {
                groups[place].rows.append(entry)
            } else {
                groups.append(.init(heads, [entry]))
            }
        }
        return groups
    }
}
