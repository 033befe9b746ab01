import Foundation

/// Shares as the report says them, in per cent and in points of per cent, with a true minus sign.
enum ReportNumbers {
    static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return "–" }
        let digits = String(format: "%.\(decimals)f", abs(value))
        // A number that rounds to zero has no sign.
        return (value < 0 && digits.contains { $0 != "0" && $0 != "." } ? "−" : "") + digits
    }

    static func percent(_ share: Double) -> String { fixed(100 * share, 1) + " %" }

    /// "+10.8"
    static func signed(_ value: Double, _ decimals: Int) -> String {
        let text = fixed(value, decimals)
        return value > 0 && text.contains { $0 != "0" && $0 != "." } ? "+" + text : text
    }

    /// "+10.8 points (95 % interval +9.1 to +12.5)" for a difference of shares.
    static func points(_ difference: Estimate) -> String {
        "\(signed(100 * difference.mean, 1)) points (95 % interval \(signed(100 * difference.lower, 1)) to \(signed(100 * difference.upper, 1)))"
    }

    /// "3 completions", "1 completion"
    static func count(_ number: Int, _ noun: String, plural: String? = nil) -> String { "\(number) \(number == 1 ? noun : plural ?? noun + "s")" }

    /// "a, b and c"
    static func list(_ items: [String]) -> String {
        guard let last = items.last else { return "" }
        return items.count == 1 ? last : items.dropLast().joined(separator: ", ") + " and " + last
    }
}

extension Estimate {
    /// Whether the interval spans zero.
    var showsNoDifference: Bool { !isAboveZero && !isBelowZero }

    var reversed: Estimate { Estimate(mean: -mean, lower: -upper, upper: -lower) }

    /// The interval in per cent; nil where an end is not a number.
    var percentRange: ClosedRange<Double>? { range(times: 100) }

    func range(times factor: Double = 1) -> ClosedRange<Double>? { lower <= upper ? factor * lower...factor * upper : nil }
}
