import Reports
import Scoring

extension EvaluationReport {
    /// Pass@1 over temperature and P, and the best points with more samples.
    func grid(_ grid: EvaluationResults.Grid) -> [Block] {
        let columns = [Table.Column.text("T")] + grid.topPs.map { Table.Column.number("P = \(grid.shortest($0))") }
        let rows = grid.temperatures.map { temperature in
            Table.Row(
                [.text(grid.shortest(temperature))]
                    + grid.topPs.map { topP in
                        let pair = StaticPair(temperature: temperature, topP: topP)
                        return grid.point(pair).map { .text(grid.words($0)) } ?? .missing
                    }, isEmphasised: temperature == grid.best.temperature)
        }
        let finalists = grid.finalists.sorted { $0.passAt1.mean > $1.passAt1.mean }.map { point in
            Table.Row(
                [
                    .text("\(point.pair)\(point.equalsGreedy ? " (greedy)" : "")"), .number(100 * point.passAt1.mean),
                    .text(Words.interval(point.passAt1)),
                ], isEmphasised: point.pair == grid.best)
        }
        return [
            .paragraph(results.words(of: grid)),
            .table(
                Table(
                    "Pass@1 of static pairs, %; those with a star or a word were measured with "
                        + "\(Words.count(grid.finalSamplesPerProblem, "sample"))", columns: columns, rows: rows)),
            .collapsible(
                "The best points again",
                [
                    .table(
                        Table(
                            columns: [
                                .text("static pair"), .number("pass@1", unit: "%", decimals: 1),
                                .number("95 % interval", unit: "%", decimals: 1),
                            ], rows: finalists))
                ]),
        ]
    }
}
