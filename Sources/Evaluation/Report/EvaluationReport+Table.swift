import Reports

extension EvaluationReport {
    /// The paper's Table 1, with intervals, in the groups of the rows.
    var table: [Block] {
        var rows: [Table.Row] = []
        for group in EvaluationResults.Group.allCases where group != .tuning {
            let members = self.rows(group)
            if !members.isEmpty { rows += [.group(group.title)] + members.map(line) }
        }
        let without = results.missing.filter { name in !results.rows.contains { $0.name == name } }
        if !without.isEmpty { rows += [.group("Still to be measured")] + without.map { Table.Row([.text($0)]) } }
        var blocks: [Block] = [
            .table(Table("Pass@1 and what it costs", columns: Self.columns, rows: rows)), .paragraph(legend),
        ]
        let points = self.rows(.tuning)
        if !points.isEmpty {
            blocks.append(
                .collapsible(
                    "Every point of expert-guided tuning",
                    [.table(Table(columns: Self.columns, rows: points.map(line)))]))
        }
        return blocks
    }

    private static let columns: [Table.Column] = [
        .text("method"), .number("pass@1", unit: "%", decimals: 1), .number("95 % interval", unit: "%", decimals: 1),
        .number("AutoDeco − it", unit: "points", decimals: 1), .number("samples", unit: "a problem", decimals: 0),
        .number("mean length", unit: "tokens", decimals: 0),
        .number("truncated", unit: "%", decimals: 1), .number("tokens/s", decimals: 0), .number("mean T̂", decimals: 2),
        .number("mean P̂", decimals: 3),
    ]

    private func line(_ row: EvaluationResults.Row) -> Table.Row {
        let percent = 100 * row.passAt1.mean
        let difference: Table.Cell =
            advantage(over: row).map { difference in
                let ends = Words.ends(difference, "")
                return .text(
                    !difference.hasInterval
                        ? "\(Words.signed(100 * difference.mean, 1)) \(ends)"
                        : difference.showsNoDifference
                            ? "no difference shown \(ends)" : "\(Words.signed(100 * difference.mean, 1)) \(ends)")
            } ?? .missing
        return Table.Row(
            [
                .text(results.missing.contains(row.name) ? "\(row.name), not all seeds yet" : row.name),
                row.deviationOverSeeds.map { .spread(percent, plusMinus: 100 * $0) } ?? .number(percent),
                .text(Words.interval(row.passAt1)), difference,
                .number(Double(row.samplesPerProblem)), .number(row.meanLength), .number(100 * row.truncatedShare),
                row.tokensPerSecond.map { .number($0) } ?? .missing,
                row.meanTemperature.map { .number($0) } ?? .missing, row.meanTopP.map { .number($0) } ?? .missing,
            ], isEmphasised: row.name == autoDeco?.name)
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
            + "\(results.correction ?? "")"
    }
}

extension EvaluationResults.Group {
    var title: String {
        switch self {
        case .knobs: "Knobs set by hand"
        case .autoDeco: "AutoDeco"
        case .parts: "Parts of AutoDeco"
        case .baselines: "Other ways to set knobs by rule"
        case .filters: "What P̂ means at inference"
        case .tuning: "Expert-guided tuning"
        }
    }
}
