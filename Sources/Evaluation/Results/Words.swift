import Foundation
import Scoring

/// Numbers as tables, sentences and the report say them, with a true minus sign.
package enum Words {
    /// "0.49"; "–" for what is not a number.
    package static func fixed(_ value: Double, _ places: Int) -> String {
        guard value.isFinite else { return "–" }
        let digits = String(format: "%.\(places)f", abs(value))
        // A number that rounds to zero has no sign.
        return (value < 0 && isSomething(digits) ? "−" : "") + digits
    }

    /// "+10.8"
    static func signed(_ value: Double, _ places: Int) -> String {
        let text = fixed(value, places)
        return value > 0 && isSomething(text) ? "+" + text : text
    }

    /// A share in per cent, without the unit.
    package static func percent(_ share: Double, _ places: Int = 1) -> String { fixed(100 * share, places) }

    /// In place of an interval that too few problems would give.
    static let tooFew = "too few problems"

    /// "9.1 to 12.5", in per cent where not scaled otherwise.
    static func interval(_ estimate: Estimate, _ places: Int = 1, scale: Double = 100) -> String {
        guard estimate.hasInterval else { return tooFew }
        return "\(fixed(scale * estimate.lower, places)) to \(fixed(scale * estimate.upper, places))"
    }

    /// As many decimals that a difference whose interval leaves zero out does not print as zero, nor its interval's
    /// ends: `fewest`, and up to 12 for small ones.
    ///
    /// - Parameter scale: what its numbers are multiplied with before they are printed.
    static func places(_ difference: Estimate, atLeast fewest: Int = 1, scale: Double = 100) -> Int {
        let most = 12
        guard difference.isAboveZero || difference.isBelowZero else { return fewest }
        let numbers = [difference.mean, difference.lower, difference.upper]
        return (fewest..<most).first { places in numbers.allSatisfy { isSomething(fixed(scale * $0, places)) } } ?? most
    }

    /// "+10.8" in points.
    package static func gain(_ difference: Estimate) -> String { signed(100 * difference.mean, places(difference)) }

    /// "+10.8 points (95 % interval +9.1 to +12.5)" for a difference of shares.
    package static func points(_ difference: Estimate) -> String { "\(gain(difference)) points \(ends(difference))" }

    /// "(95 % interval +9.1 to +12.5)"
    package static func ends(_ difference: Estimate, _ name: String = "95 % interval ") -> String {
        guard difference.hasInterval else { return "(\(tooFew) for an interval)" }
        let places = places(difference)
        return "(\(name)\(signed(100 * difference.lower, places)) to \(signed(100 * difference.upper, places)))"
    }

    /// "3 completions", "1 completion"
    static func count(_ number: Int, _ noun: String, plural: String? = nil) -> String {
        "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
    }

    /// "a, b and c"
    static func list(_ items: [String]) -> String {
        guard let last = items.last else { return "" }
        return items.count == 1 ? last : items.dropLast().joined(separator: ", ") + " and " + last
    }

    /// Whole, with commas.
    static func grouped(_ value: Double) -> String {
        var digits = String(Int(value.rounded())), text = ""
        while digits.count > 3 {
            text = "," + digits.suffix(3) + text
            digits.removeLast(3)
        }
        return digits + text
    }

    private static func isSomething(_ digits: String) -> Bool { digits.contains { "123456789".contains($0) } }
}
