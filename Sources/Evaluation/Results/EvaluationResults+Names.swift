import Scoring

// How rows and parts of an evaluation are called where they are shown.

extension EvaluationResults.Role {
    /// The name of the row that plays it, where the row says no more of itself.
    var title: String {
        switch self {
        case .greedy: "greedy"
        case .defaultSampling: "default sampling"
        case .bestPair: "best pair of the grid"
        case .paperPair: "best pair of the paper's search"
        case .autoDeco: "AutoDeco"
        case .temperatureHeadOnly: "temperature head alone"
        case .topPHeadOnly: "top-p head alone"
        case .meanShift: "mean shift"
        case .planted: "heads planted by hand"
        case .paperRecipe: "heads of the paper's recipe"
        case .improved: "improved heads"
        case .minP: "min-p"
        case .entropyDriven: "entropy-driven temperature"
        }
    }
}

extension EvaluationResults {
    /// What is measured beside the rows of the table; the raw values are their names.
    enum Part: String, CaseIterable {
        case grid = "grid of static pairs"
        case search = "the paper's search"
        case commands = "effects of commands"
        case generations = "single generations"
    }

    func row(_ role: Role) -> Row? { rows.first { $0.role == role } }

    /// The row of the best static pair.
    var best: Row? { row(yardstick) }

    /// First − second at pass@1, whichever way round they were compared; nil where they were not.
    func difference(_ first: Row, _ second: Row) -> Estimate? {
        for comparison in comparisons {
            if (comparison.first, comparison.second) == (first.name, second.name) { return comparison.difference }
            if (comparison.first, comparison.second) == (second.name, first.name) {
                return comparison.difference.reversed
            }
        }
        return nil
    }

    /// How much room there is for heads: what planted ones win, and how much of that AutoDeco's take; nil where none
    /// are planted.
    var roomWords: String? {
        guard let planted = row(.planted), let best, let room = difference(planted, best) else { return nil }
        let start =
            "The room: heads planted by hand solve \(Words.percent(planted.passAt1.mean)) %, "
            + "\(Words.points(room)) against the \(best.name)"
        guard room.isAboveZero else { return start + ": no room is shown." }
        guard let autoDeco = row(.autoDeco), let ours = difference(autoDeco, best) else { return start + "." }
        return start + "; AutoDeco takes \(Words.percent(ours.mean / room.mean, 0)) % of it."
    }
}
