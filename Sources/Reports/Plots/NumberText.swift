import Foundation

/// Numbers as a reader wants them: a true minus sign, groups of three digits, powers of ten where zeros would drown the
/// rest.
enum NumberText {
    /// With a fixed number of decimals: "−1,234.50". Non-finite values are a dash.
    static func fixed(_ value: Double, decimals: Int) -> String {
        guard value.isFinite else { return "–" }
        guard abs(value) < 1e15 else { return scientific(value) }
        let decimals = min(max(decimals, 0), 15)
        let digits = String(format: "%.\(decimals)f", abs(value))
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        // A number that rounds to zero has no sign.
        let negative = value < 0 && digits.contains { $0 != "0" && $0 != "." }
        return (negative ? "−" : "") + grouped(parts[0]) + (parts.count > 1 ? "." + parts[1] : "")
    }

    /// With as many digits as are needed to tell `step` apart, as a tick's label.
    static func tick(_ value: Double, step: Double) -> String {
        if value == 0 { return "0" }
        if abs(value) >= 1e6 || abs(step) < 1e-4 && abs(value) < 1e-2 { return scientific(value) }
        return fixed(value, decimals: decimals(of: step))
    }

    /// Three significant digits: "0.0123", "1,230", "4.5×10⁻⁶".
    static func short(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        if value == 0 { return "0" }
        let exponent = Int(log10(abs(value)).rounded(.down))
        if exponent < -3 || exponent >= 6 { return scientific(value) }
        let text = fixed(value, decimals: max(2 - exponent, 0))
        return text.contains(".") ? String(text.trimming(suffix: "0").trimming(suffix: ".")) : text
    }

    static func scientific(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        let parts = String(format: "%.2e", abs(value)).split(separator: "e")
        let mantissa = parts[0].trimming(suffix: "0").trimming(suffix: ".")
        let exponent = String(Int(parts[1]) ?? 0).map { superscripts[$0] ?? $0 }
        return (value < 0 ? "−" : "") + (mantissa == "1" ? "" : mantissa + "×") + "10" + String(exponent)
    }

    /// Decimals that a multiple of `step` needs.
    private static func decimals(of step: Double) -> Int {
        guard step.isFinite, step > 0 else { return 2 }
        for decimals in 0...9 {
            let scaled = step * pow(10, Double(decimals))
            if abs(scaled - scaled.rounded()) < 1e-6 * max(scaled, 1), scaled >= 0.999 { return decimals }
        }
        return 9
    }

    private static func grouped(_ digits: Substring) -> String {
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return result
    }

    private static let superscripts: [Character: Character] = [
        "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹",
    ]
}

extension Substring {
    fileprivate func trimming(suffix: Character) -> Substring {
        var rest = self
        while rest.last == suffix { rest.removeLast() }
        return rest
    }
}

extension String {
    fileprivate func trimming(suffix: Character) -> Substring { self[...].trimming(suffix: suffix) }
}
