import Foundation

/// Numbers as the tables have them.
enum Words {
    static func number(_ value: Double, _ places: Int) -> String { String(format: "%.\(places)f", value) }

    /// With its sign, in points where not scaled otherwise.
    static func signed(_ value: Double, _ places: Int = 1, scale: Double = 100) -> String {
        let text = String(format: "%+.\(places)f", scale * value)
        return text.replacing("-", with: "−")
    }

    static func percent(_ share: Double, _ places: Int = 1) -> String { number(100 * share, places).replacing("-", with: "−") }

    static func interval(_ estimate: Estimate, _ places: Int = 1, scale: Double = 100) -> String {
        let bounds = [estimate.lower, estimate.upper].map { number(scale * $0, places).replacing("-", with: "−") }
        return "\(bounds[0]) to \(bounds[1])"
    }

    /// Whole, with commas.
    static func count(_ value: Double) -> String {
        var digits = String(Int(value.rounded())), text = ""
        while digits.count > 3 {
            text = "," + digits.suffix(3) + text
            digits.removeLast(3)
        }
        return digits + text
    }
}
