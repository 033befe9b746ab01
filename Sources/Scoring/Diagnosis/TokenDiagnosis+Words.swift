import Foundation

extension TokenDiagnosis {
    /// One paragraph: is the gain a better mean, or token-level control?
    public var words: String {
        [verdict, weights, temperatures, sources, place, nucleus, floor].compactMap { $0 }.joined(separator: " ")
    }

    /// The rows as a table of plain text: in total, at uncertain tokens, and by quartile of entropy.
    public var table: String {
        let rows = [total, uncertain] + quartiles
        let lines: [(String, (DiagnosisRow) -> String)] = [
            ("tokens", { "\($0.tokens)" }),
            ("entropy, nats", { Self.number($0.meanEntropy) }),
            ("mean T̂", { Self.number($0.meanTemperature) }),
            ("mean β", { Self.number($0.meanInverseTemperature) }),
            ("β̄ over T = 1", { Self.signed($0.meanGain.mean) }),
            ("heads over T = 1", { Self.signed($0.gainOverOne.mean) }),
            ("gain over β̄", { Self.signed($0.gain.mean) }),
            ("  from", { Self.signed($0.gain.lower) }),
            ("  to", { Self.signed($0.gain.upper) }),
            ("alignment", { Self.signed($0.alignment.mean) }),
            ("curvature penalty", { Self.number($0.curvaturePenalty) }),
            ("remainder", { Self.signed($0.remainder) }),
            ("efficiency", { $0.efficiency.map { Self.share($0) } ?? "–" }),
            ("signs agree", { $0.signAgreement.map { Self.share($0) } ?? "–" }),
            ("oracle's gain", { Self.signed($0.oracleGain) }),
            ("T̂ floored", { Self.share($0.flooredShare) }),
            ("labels cut off", { Self.share($0.cutOffShare.mean) }),
            ("mass trimmed", { Self.share($0.trimmedMass) }),
        ]
        func line(_ title: String, _ cells: [String]) -> String {
            let title = title + String(repeating: " ", count: max(0, 18 - title.count))
            return title + cells.map { String(repeating: " ", count: max(1, 10 - $0.count)) + $0 }.joined()
        }
        return
            ([line("", ["total", "uncertain", "quarter 1", "quarter 2", "quarter 3", "quarter 4"])]
            + lines.map { title, cell in line(title, rows.map(cell)) })
            .joined(separator: "\n")
    }

    private var isConstant: Bool { total.curvaturePenalty == 0 && total.signAgreement == nil }

    private var verdict: String {
        let constant = "the constant β̄ = \(Self.number(meanInverseTemperature))"
        let token = "\(Self.signed(total.gain.mean)) nats a label (\(Self.interval(total.gain))) over \(constant)"
        let mean = "\(Self.signed(total.meanGain.mean)) (\(Self.interval(total.meanGain))) over T = 1"
        if isConstant {
            let result = finding == .betterMean ? "A better mean: the" : "No gain shown: the"
            return
                "\(result) heads give every token one temperature, so there is no token-level control to measure; "
                + "\(constant) gives \(mean)."
        }
        let sum = total.gainOverOne
        switch finding {
        case .tokenLevelControl:
            let result =
                sum.isBelowZero
                ? "Token-level control, on a mean that costs more than it gives"
                : "Token-level control, and no better mean"
            return
                "\(result): the heads' own temperatures give \(token), and that constant gives "
                + "\(mean)\(Self.reservation(total.meanGain)); together \(Self.signed(sum.mean)) "
                + "(\(Self.interval(sum)))."
        case .betterMean:
            return
                "A better mean: \(constant) gives \(mean), and temperatures of single tokens give "
                + "\(token)\(Self.reservation(total.gain))."
        case .both:
            let larger =
                total.gain.mean >= total.meanGain.mean
                ? "Mostly token-level control, and a better mean" : "Mostly a better mean, and token-level control"
            return
                "\(larger): of \(Self.signed(sum.mean)) nats a label over T = 1, the heads' own temperatures give "
                + "\(token), which is \(Self.share(total.gain.mean / sum.mean)), and that constant gives \(mean)."
        case .neither:
            return
                "Neither: the heads' own temperatures give \(token)\(Self.reservation(total.gain)), and that constant "
                + "gives \(mean)\(Self.reservation(total.meanGain))."
        }
    }

    private var weights: String? {
        guard isWeighted else { return nil }
        return "Labels are weighed by their base probability, as Dynamic Fine-Tuning weighed them in training."
    }

    /// T̂ where it matters, beside the mean that certain tokens dominate.
    private var temperatures: String {
        let all = "Mean T̂ is \(Self.number(total.meanTemperature)) over all tokens"
        let uncertain = "largest p of the model below \(MeanKnobs.certainty)"
        guard self.uncertain.tokens > 0 else { return "\(all); no token is uncertain (\(uncertain))." }
        let share = Self.share(Double(self.uncertain.tokens) / Double(total.tokens))
        return "\(all), and \(Self.number(self.uncertain.meanTemperature)) at the \(share) of them that are uncertain "
            + "(\(uncertain))."
    }

    private static func reservation(_ estimate: Estimate) -> String {
        estimate.isBelowZero ? ", a loss" : ", no difference shown"
    }

    private var sources: String? {
        guard !isConstant, let efficiency = total.efficiency, let agreement = total.signAgreement else { return nil }
        let direction =
            total.alignment.isAboveZero
            ? (total.gain.isAboveZero
                ? "On balance steps go where labels want to"
                : "On balance steps go where labels want to, but they are too large for what they know")
            : total.alignment.isBelowZero
                ? "On balance steps go against what labels want" : "Steps do not follow what labels want"
        let rough =
            abs(total.remainder) > total.curvaturePenalty / 2
            ? ", so that steps are too large for this split to be more than rough" : ""
        return
            "\(direction): alignment \(Self.signed(total.alignment.mean)) (\(Self.interval(total.alignment))), less a "
            + "curvature penalty of \(Self.number(total.curvaturePenalty)), remainder "
            + "\(Self.signed(total.remainder))\(rough); efficiency \(Self.share(efficiency)), right sign on "
            + "\(Self.share(agreement)) of tokens. The best β of every token, known only after the fact, would gain "
            + "\(Self.signed(total.oracleGain))."
    }

    private var place: String? {
        guard total.gain.isAboveZero else { return nil }
        let sums = quartiles.map { $0.gain.mean * Double($0.tokens) }, all = total.gain.mean * Double(total.tokens)
        guard let best = sums.indices.max(by: { sums[$0] < sums[$1] }) else { return nil }
        return
            "The quartile of entropy that gains most is number \(best + 1), with \(Self.share(sums[best] / all)) of "
            + "all\(sums[best] > all ? ": others lose" : "")."
    }

    private var nucleus: String {
        let cut = total.cutOffShare, mass = total.trimmedMass
        guard mass > 0 || cut.mean > 0 else { return "Top-p takes nothing away." }
        let comparison =
            cut.upper < mass
            ? "less than labels drawn from softmax(l/T̂) would lose: it trims what is wrong"
            : cut.lower > mass
                ? "more than labels drawn from softmax(l/T̂) would lose: it trims what is right"
                : "as much as labels drawn from softmax(l/T̂) would lose"
        return
            "Top-p cuts off \(Self.share(cut.mean)) of labels (\(Self.share(cut.lower)) to \(Self.share(cut.upper))) "
            + "and trims \(Self.share(mass)) of the mass, \(comparison)."
    }

    private var floor: String? {
        total.flooredShare > 0
            ? ("T̂ is below \(TokenObservation.smallestTemperature) on \(Self.share(total.flooredShare)) of tokens and "
                + "counts as that.")
            : nil
    }

    private static func number(_ x: Double) -> String { String(format: "%.4g", x) }
    private static func signed(_ x: Double) -> String {
        x == 0 ? "0" : String(format: "%+.3g", x).replacingOccurrences(of: "-", with: "−")
    }
    private static func share(_ x: Double) -> String {
        String(format: "%.3g %%", 100 * x).replacingOccurrences(of: "-", with: "−")
    }
    private static func interval(_ e: Estimate) -> String { "95 % interval \(signed(e.lower)) to \(signed(e.upper))" }
}
