import Reports
import Scoring

extension EvaluationReport {
    /// The paper's Table 1, with intervals, in the groups of the rows.
    var table: [Block] {
        let points = self.rows(.tuning)
        var blocks: [Block] = [
            .table(Table("Pass@1", columns: Self.rateColumns, rows: grouped(rates))), .paragraph(legend),
            .table(Table("What it costs, and its knobs", columns: Self.costColumns, rows: grouped(costs))),
        ]
        if !points.isEmpty {
            blocks.append(
                .collapsible(
                    "Every point of the paper's search",
                    [.table(Table(columns: Self.rateColumns, rows: points.map(rates)))]))
        }
        return blocks
    }

    /// The rows in their groups, each as a line, and a line for each that is still to be measured.
    private func grouped(_ line: (EvaluationResults.Row) -> Table.Row) -> [Table.Row] {
        var rows: [Table.Row] = []
        for group in EvaluationResults.Group.allCases where group != .tuning {
            let members = self.rows(group)
            if !members.isEmpty { rows += [.group(group.title)] + members.map(line) }
        }
        let without = results.missing.filter { name in !results.rows.contains { $0.name == name } }
        if !without.isEmpty { rows += [.group("Still to be measured")] + without.map { Table.Row([.text($0)]) } }
        return rows
    }

    private static let rateColumns: [Table.Column] = [
        .text("method"), .number("pass@1", unit: "%", decimals: 1), .number("95 % interval", unit: "%", decimals: 1),
        .number("AutoDeco − it", unit: "points", decimals: 1), .number("samples", unit: "a problem", decimals: 0),
    ]

    private static let costColumns: [Table.Column] = [
        .text("method"), .number("mean length", unit: "tokens", decimals: 0),
        .number("truncated", unit: "%", decimals: 1), .number("tokens/s", decimals: 0), .number("mean T̂", decimals: 2),
        .number("T̂ at uncertain tokens", decimals: 2), .number("mean P̂", decimals: 3),
    ]

    private func rates(_ row: EvaluationResults.Row) -> Table.Row {
        let percent = 100 * row.passAt1.mean
        let difference: Table.Cell =
            advantage(over: row).map { difference in
                let ends = Words.ends(difference, "")
                let isOpen = difference.hasInterval && difference.showsNoDifference
                return .text(isOpen ? "no difference shown \(ends)" : "\(Words.gain(difference)) \(ends)")
            } ?? .missing
        return line(
            row,
            [
                row.deviationOverSeeds.map { .spread(percent, plusMinus: 100 * $0) } ?? .number(percent),
                .text(Words.interval(row.passAt1)), difference, .number(Double(row.samplesPerProblem)),
            ])
    }

    private func costs(_ row: EvaluationResults.Row) -> Table.Row {
        line(
            row,
            [
                .number(row.meanLength), .number(100 * row.truncatedShare),
                row.tokensPerSecond.map { .number($0) } ?? .missing,
                row.meanTemperature.map { .number($0) } ?? .missing,
                row.uncertain.map { .number($0.temperature) } ?? .missing,
                row.meanTopP.map { .number($0) } ?? .missing,
            ])
    }

    private func line(_ row: EvaluationResults.Row, _ cells: [Table.Cell]) -> Table.Row {
        let name = results.missing.contains(row.name) ? "\(title(row)), not all seeds yet" : title(row)
        return Table.Row([.text(name)] + cells, isEmphasised: row.name == autoDeco?.name)
    }

    private var legend: String {
        let seeds =
            results.seeds.count == 1
            ? "There is one seed, so there is no deviation"
            : "± is the standard deviation over seeds (\(results.seeds.map(String.init).joined(separator: ", ")))"
        return
            "Pass@1 is the share of completions that are correct, a mean over problems. \(seeds); the interval is a "
            + "bootstrap over the \(Words.count(results.problems, "problem")). Greedy decoding has one run. Tokens "
            + "a second include the verifier's time; – stands for what was not measured. "
            + "\(uncertain)\(results.correction ?? "")"
    }
}

extension EvaluationReport {
    /// What "uncertain" means; nothing where no heads were asked.
    private var uncertain: String {
        guard let found = results.rows.lazy.compactMap(\.uncertain).first else { return "" }
        return
            "T̂ at uncertain tokens is a mean over the \(Words.percent(found.share)) % of held-out tokens of the cache "
            + "whose largest probability under the model is below \(MeanKnobs.certainty): the others are certain, and "
            + "no temperature changes them. "
    }

    /// A row's name, with its pair where the name does not say it.
    func title(_ row: EvaluationResults.Row) -> String {
        guard let pair = row.pair, [.bestPair, .paperPair, .meanShift].contains(row.role) else { return row.name }
        return "\(row.name) (\(pair))"
    }
}

extension EvaluationResults.Group {
    var title: String {
        switch self {
        case .knobs: "Knobs set by hand"
        case .autoDeco: "AutoDeco"
        case .parts: "Parts of AutoDeco"
        case .rivals: "Heads for comparison"
        case .baselines: "Other ways to set knobs by rule"
        case .filters: "What P̂ means at inference"
        case .tuning: "The paper's search"
        }
    }
}
