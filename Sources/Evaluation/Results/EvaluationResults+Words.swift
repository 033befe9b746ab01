import Files
import Scoring

extension EvaluationResults.Comparison {
    /// What the interval shows.
    public enum Finding: Sendable {
        case better, worse, noDifferenceShown, tooFew
    }

    public var finding: Finding {
        guard difference.hasInterval else { return .tooFew }
        return difference.isAboveZero ? .better : difference.isBelowZero ? .worse : .noDifferenceShown
    }

    /// One sentence: the difference in points, its interval, and what that shows.
    public var words: String {
        let places = Words.places(difference)
        let numbers = "\(Words.gain(difference)) points (95 %: \(Words.interval(difference, places)))"
        switch finding {
        case .better: return "\(first) is better than \(second): \(numbers)."
        case .worse: return "\(first) is worse than \(second): \(numbers)."
        case .tooFew:
            return "\(first) and \(second): too few problems to tell, \(Words.signed(100 * difference.mean, 1)) points."
        case .noDifferenceShown: return "\(first) and \(second): no difference shown, \(numbers)."
        }
    }

    /// For a table's cell.
    var shortWords: String {
        let numbers = "\(Words.gain(difference)) (\(Words.interval(difference, Words.places(difference))))"
        switch finding {
        case .better, .worse: return numbers
        case .noDifferenceShown: return "\(numbers), no difference shown"
        case .tooFew: return "\(Words.signed(100 * difference.mean, 1)) (\(Words.tooFew))"
        }
    }
}

extension EvaluationResults {
    /// Tables and sentences for a terminal.
    public var text: String {
        pieces {
            $0.text
        } heading: {
            "\($0)\n"
        }.joined(separator: "\n\n")
    }

    /// What `results.md` holds.
    var markdown: String {
        (["# \(model) on \(problemFile)"]
            + pieces {
                $0.markdown
            } heading: {
                "## \($0)\n\n"
            }).joined(separator: "\n\n") + "\n"
    }

    private func pieces(_ form: (TextTable) -> String, heading: (String) -> String) -> [String] {
        var pieces: [String] = []
        if !missing.isEmpty {
            let all = Set(missing).union(rows.map(\.name)).count
            pieces.append(
                "Unfinished: \(missing.count) of \(all) are still to be measured: \(missing.joined(separator: "; ")).")
        }
        pieces.append(form(mainTable))
        if !faults.isEmpty { pieces.append(faults.joined(separator: "\n")) }
        if let roomWords { pieces.append(roomWords) }
        if let correction { pieces.append(correction) }
        if !comparisons.isEmpty { pieces.append(comparisons.map { "- " + $0.words }.joined(separator: "\n")) }
        if let temperatures = temperatureTable { pieces.append(heading("T̂ of the heads") + form(temperatures)) }
        if let grid {
            pieces.append(heading("The grid of static pairs") + form(grid.table) + "\n\n" + words(of: grid))
        }
        if let table = tuningTable {
            pieces.append(heading("The paper's search") + form(table) + (tuningWords.map { "\n\n" + $0 } ?? ""))
        }
        if let table = curveTable { pieces.append(heading("Pass@k") + form(table)) }
        if let diagnosis { pieces.append(heading("Token-level diagnosis") + diagnosis.words) }
        if let table = commandTable { pieces.append(heading("Commands") + form(table)) }
        if !notes.isEmpty { pieces.append(heading("Notes") + notes.map { "- \($0)" }.joined(separator: "\n")) }
        return pieces
    }

    /// How many comparisons the table makes, and which of the differences that it calls shown survive Holm's correction
    /// for so many; nil where there is none.
    public var correction: String? {
        guard !comparisons.isEmpty else { return nil }
        guard problems >= Bootstrap.fewest else {
            return "\(Words.count(problems, "problem")): too few for intervals, expected at least \(Bootstrap.fewest); "
                + "nothing here shows a difference."
        }
        let survives = Holm.survive(comparisons.map { $0.difference.p ?? 1 })
        let shown = comparisons.indices.filter { [.better, .worse].contains(comparisons[$0].finding) }
        let start =
            "\(Words.count(comparisons.count, "comparison")) are made, \(shown.count) of them show "
            + "a difference at 95 % each"
        let lost = shown.filter { !survives[$0] }.map { place in
            let pair = comparisons[place], isTurned = pair.second == rows.first { $0.role == .autoDeco }?.name
            return isTurned ? "\(pair.second) against \(pair.first)" : "\(pair.first) against \(pair.second)"
        }
        if shown.isEmpty { return start + "." }
        return lost.isEmpty
            ? start + "; all of these survive Holm's correction for so many comparisons."
            : start + "; \(shown.count - lost.count) survive Holm's correction for so many comparisons, these do not: "
                + lost.joined(separator: "; ") + "."
    }

    /// Where the verifier itself failed: a sentence for each row.
    public var faults: [String] {
        rows.filter { $0.faults > 0 }.map { row in
            let count = row.faults == 1 ? "1 completion" : "\(row.faults) completions"
            return
                "\(row.name): \(count) could not be judged and count as "
                + "wrong\(row.firstFault.map { ": first, \($0)" } ?? "")."
        }
    }

    /// What the grid's best pair is, how it was chosen, and what it comes to under fresh seeds.
    func words(of grid: Grid) -> String {
        let chosen = grid.finalists.first { $0.pair == grid.best }.map { "\(Words.percent($0.passAt1.mean)) %" } ?? "–"
        let again = row(.bestPair).map {
            ", \(Words.percent($0.passAt1.mean)) % with \(counted($0.samplesPerProblem, "fresh one"))"
        }
        return
            "Best of \(counted(grid.points.count, "point")): \(grid.best)\(grid.best.title(in: grid.finalists)), "
            + "\(chosen) with \(counted(grid.finalSamplesPerProblem, "sample"))\(again ?? ""). Every point has "
            + "\(counted(grid.samplesPerProblem, "sample")) a problem, the best \(grid.finalists.count) of them "
            + "\(grid.finalSamplesPerProblem). It was chosen on the problems that are measured: it is an oracle, and "
            + "nobody has it for new problems." + (Self.greedyWords(grid.points).map { " " + $0 } ?? "")
    }

    /// One sentence about the points at which nothing but the likeliest token can be drawn; nil where there is none.
    static func greedyWords(_ points: [Point]) -> String? {
        let pairs = points.filter { $0.equalsGreedy && !$0.pair.isGreedy }.map { "\($0.pair)" }
        guard !pairs.isEmpty else { return nil }
        return "At \(Words.list(pairs)) nothing but the likeliest token could be drawn on these problems: "
            + "\(pairs.count == 1 ? "that point is" : "those points are") greedy decoding."
    }

    /// The best pair among the points, and once more under fresh seeds.
    private var tuningWords: String? {
        guard let tuning else { return nil }
        let point = (tuning.topPs + tuning.temperatures).first { $0.pair == tuning.best }
        let again = row(.paperPair)
        let points = tuning.temperatures.count + tuning.topPs.filter { $0.pair.topP != 1 }.count
        return
            "Best of \(counted(points, "point")): "
            + "\(tuning.best), "
            + "\(point.map { Words.percent($0.passAt1.mean) } ?? "–") % with the "
            + "\(counted(tuning.samplesPerProblem, "sample")) that chose it"
            + (again.map { ", \(Words.percent($0.passAt1.mean)) % with \(counted($0.samplesPerProblem, "fresh one"))" }
                ?? "")
            + ". An expert chose it on the problems that are measured: it is an oracle, and nobody "
            + "has it for new problems."
            + (Self.greedyWords(tuning.topPs).map { " " + $0 } ?? "")
    }
}
