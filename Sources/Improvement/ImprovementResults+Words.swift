import Evaluation
import Foundation
import Scoring

extension RoundResult {
    /// What it sampled and what its heads reach, in a line.
    public var words: String {
        String(
            format: "round %d   pass@1 %@ %% on validation problems; sampled %@ %% right, kept %d; T̂ %@, P̂ %@", round,
            Words.percent(passRate), Words.percent(acceptanceRate), kept, Words.fixed(meanTemperature, 2),
            Words.fixed(meanTopP, 2))
    }
}

extension ImprovementResults {
    /// A few lines for people: rounds, the choice, and what the best round reaches.
    public var text: String { (rounds.map(\.words) + [ending, choice] + findings).joined(separator: "\n") }

    /// Which round is chosen, in a sentence.
    var choice: String {
        let rate = rounds.best?.passRate ?? 0, first = rounds.first?.passRate ?? 0
        let beside =
            bestRound == 0
            ? "sampling again with heads has not helped" : "round 0 solves \(Words.percent(first)) %"
        return "Chosen on \(validationProblems) validation problems: round \(bestRound), which solves "
            + "\(Words.percent(rate)) % of them; \(beside)."
    }

    /// What the best round reaches on the test problems, a sentence for each yardstick.
    var findings: [String] {
        guard let ours = test.first, let problems = testProblems else { return [] }
        let others = zip(test.dropFirst(), [againstBestPair, againstMeanShift, againstPlanted])
        return others.compactMap { row, difference in
            guard let difference else { return nil }
            let pair = row.temperature.flatMap { t in
                row.topP.map { ", T = \(Words.fixed(t, 2)) and P = \(Words.fixed($0, 2))," }
            }
            let shown =
                difference.isAboveZero ? "above" : difference.isBelowZero ? "below" : "not told apart from"
            return "On \(problems) test problems \(ours.name) solves \(Words.percent(ours.passRate.mean)) %, "
                + "\(shown) the \(row.name)\(pair ?? "") with \(Words.percent(row.passRate.mean)) %: "
                + "\(Words.points(difference))."
        }
    }
}
