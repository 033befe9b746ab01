import Reports
import Scoring

extension EvaluationReport {
    /// What a reader must know before the numbers.
    var warnings: [Block] {
        var blocks: [Block] = []
        if !results.missing.isEmpty {
            blocks.append(
                .warning(
                    "Results are partial, \(results.missing.count) still to be measured: "
                        + "\(results.missing.joined(separator: "; "))."
                ))
        }
        let faulty = results.rows.filter { $0.faults > 0 }
        if !faulty.isEmpty {
            let all = faulty.reduce(0) { $0 + $1.faults }
            let first = faulty.lazy.compactMap(\.firstFault).first
            let places = faulty.map { "\($0.faults) of \($0.name)" }
            blocks.append(
                .warning(
                    "\(Words.count(all, "completion")) could not be judged and \(all == 1 ? "counts" : "count") as "
                        + "wrong: \(Words.list(places)).\(first.map { " The first: \($0)" } ?? "")"
                ))
        }
        let better = compared.filter { $0.difference.isBelowZero }
        if !better.isEmpty {
            let losses = better.map { "\(title($0.row)), \(Words.points($0.difference))" }
            blocks.append(.warning("AutoDeco is below \(losses.joined(separator: "; "))."))
        }
        if let below = belowBest { blocks.append(.warning(below)) }
        return blocks
    }

    /// AutoDeco − every row that it was compared with, in the table's order.
    private var compared: [(row: EvaluationResults.Row, difference: Estimate)] {
        results.rows.compactMap { row in advantage(over: row).map { (row, $0) } }
    }

    /// Where AutoDeco's curve is below that of the best static pair with an interval clear of zero; nil where it is
    /// nowhere.
    private var belowBest: String? {
        guard let autoDeco, let differences = results.curves.first(where: { $0.name == autoDeco.name })?.aboveBest
        else { return nil }
        // At k = 1 it is a comparison like the others.
        let below = differences.indices.dropFirst().filter { differences[$0].isBelowZero }
        guard let worst = below.min(by: { differences[$0].mean < differences[$1].mean }) else { return nil }
        return
            "AutoDeco's pass@k is below the best static pair's for \(below.count) of \(differences.count) k, "
            + "most at k = \(worst + 1): \(Words.points(differences[worst]))."
    }

    var result: [Block] {
        guard let autoDeco else {
            let reason =
                results.missing.isEmpty
                ? "No heads were evaluated, so there are static rows only." : "AutoDeco itself is not measured yet."
            return [.paragraph(reason)]
        }
        let roles: [EvaluationResults.Role] = [.bestPair, .paperPair, .meanShift, .planted, .paperRecipe, .improved]
        let others = results.rows.filter { row in
            row.name != autoDeco.name && (row.group == .knobs || row.role.map(roles.contains) == true)
        }
        var blocks: [Block] = [.facts([fact(autoDeco)] + others.map(fact))] + words(autoDeco)
        if let room = results.roomWords { blocks.append(.paragraph(room)) }
        let rows = compared.filter { $0.row.group != .tuning }.map { row, difference in
            IntervalChart.Row(title(row), 100 * difference.mean, interval: difference.percentRange)
        }
        if !rows.isEmpty {
            blocks.append(
                .figure(
                    IntervalChart(
                        "AutoDeco against each other method", x: "AutoDeco − it, points of pass@1", rows: rows,
                        reference: ReferenceLine("no difference", at: 0)),
                    caption:
                        "Differences on the same problems with 95 % intervals of a paired bootstrap over problems. "
                        + "Right of the line AutoDeco solves more; an interval across it shows no difference."
                ))
        }
        return blocks
    }

    private func fact(_ row: EvaluationResults.Row) -> Fact {
        let note: String
        if let difference = advantage(over: row) {
            note =
                !difference.hasInterval
                ? Words.tooFew
                : difference.showsNoDifference
                    ? "no difference shown to AutoDeco" : "AutoDeco \(Words.gain(difference)) points"
        } else {
            note =
                row.passAt1.percentRange.map {
                    "95 % interval \(Words.fixed($0.lowerBound, 1)) to \(Words.fixed($0.upperBound, 1))"
                } ?? ""
        }
        return Fact(title(row), "\(Words.percent(row.passAt1.mean)) %", note: note)
    }

    /// The comparisons as sentences: what AutoDeco is above, what it is not told apart from, what it is below.
    private func words(_ autoDeco: EvaluationResults.Row) -> [Block] {
        let own = autoDeco.passAt1
        let start =
            "AutoDeco solves \(Words.percent(own.mean)) % of problems at the first try "
            + "\(own.hasInterval ? "(95 % interval \(Words.interval(own)))" : "(\(Words.tooFew) for an interval)")"
        let main = compared.filter { $0.row.group != .tuning && $0.row.group != .filters }
        guard !main.isEmpty else { return [.paragraph("\(start). It has been compared with nothing yet.")] }
        func sentence(_ beginning: String, _ isIn: (Estimate) -> Bool) -> Block? {
            let items = main.filter { isIn($0.difference) }.map { row, difference in
                return "\(title(row)) \(Words.gain(difference)) \(Words.ends(difference, ""))"
            }
            return items.isEmpty ? nil : .paragraph("\(beginning): \(items.joined(separator: "; ")).")
        }
        return [
            .paragraph("\(start). Against the others, in points with 95 % intervals, on the same problems:"),
            sentence("Above", \.isAboveZero),
            sentence("No difference shown") { $0.hasInterval && $0.showsNoDifference },
            sentence("Too few problems to tell") { !$0.hasInterval }, sentence("Below", \.isBelowZero),
        ].compactMap { $0 }
    }
}
