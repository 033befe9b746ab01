import Foundation
import Scoring

extension ImprovementResults {
    /// A few lines for people: rounds, the choice, and what the best round reaches.
    public var text: String {
        var lines = rounds.map { round in
            String(
                format: "round %d   pass@1 %@ on validation problems; sampled %@ right, kept %d; T̂ %.2f, P̂ %.2f",
                round.round, Self.percent(round.passRate), Self.percent(round.acceptanceRate), round.kept,
                round.meanTemperature, round.meanTopP)
        }
        lines += [ending, choice] + findings
        return lines.joined(separator: "\n")
    }

    /// Which round is chosen, in a sentence.
    var choice: String {
        let rate = rounds.first { $0.round == bestRound }?.passRate ?? 0
        let first = rounds.first?.passRate ?? 0
        let beside =
            bestRound == 0
            ? "sampling again with heads has not helped" : "round 0 solves \(Self.percent(first))"
        return "Chosen on \(validationProblems) validation problems: round \(bestRound), which solves "
            + "\(Self.percent(rate)) of them; \(beside)."
    }

    /// What the best round reaches on the test problems, a sentence for each yardstick.
    var findings: [String] {
        guard let ours = test.first, let problems = testProblems else { return [] }
        let others = zip(test.dropFirst(), [againstBestPair, againstMeanShift, againstPlanted])
        return others.compactMap { row, difference in
            guard let difference else { return nil }
            let pair = row.temperature.flatMap { t in
                row.topP.map { String(format: " (T = %.2f, P = %.2f)", t, $0) }
            }
            let interval =
                difference.hasInterval
                ? " (95 %: \(Self.points(difference.lower)) to \(Self.points(difference.upper)))"
                : ", too few problems for an interval"
            let shown =
                difference.isAboveZero
                ? "above" : difference.isBelowZero ? "below" : "not told apart from"
            return "On \(problems) test problems \(ours.name) solves \(Self.percent(ours.passRate.mean)), "
                + "\(shown) \(row.name)\(pair ?? "") with \(Self.percent(row.passRate.mean)): "
                + "\(Self.points(difference.mean)) points\(interval)."
        }
    }

    static func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }

    static func points(_ share: Double) -> String {
        let text = String(format: "%.1f", abs(100 * share))
        return share < 0 ? "−\(text)" : "+\(text)"
    }
}
