import Foundation

/// Numbers as people read them.
public enum Readable {
    /// 25000 as "25,000".
    public static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return value < 0 ? "-" + text : text
    }

    /// 1 and "token" as "1 token", 25000 as "25,000 tokens".
    ///
    /// - Parameters:
    ///   - one: the word for a single thing.
    ///   - many: the word for several; `one` with an s where it is nil.
    public static func count(_ value: Int, _ one: String, _ many: String? = nil) -> String {
        "\(count(value)) \(value == 1 ? one : many ?? one + "s")"
    }

    /// 12345678 bytes as "12.3 MB"; a step is 1,000, as disks count.
    public static func bytes(_ value: Int) -> String {
        guard value.magnitude >= 1000 else { return "\(value) B" }
        var scaled = Double(value)
        for unit in ["kB", "MB", "GB", "TB", "PB"] {
            scaled /= 1000
            // 999.95 would round to 1000.0 of this unit.
            if abs(scaled) < 999.95 { return "\(rounded(scaled, places: 1)) \(unit)" }
        }
        return "\(rounded(scaled / 1000, places: 1)) EB"
    }

    /// Seconds as "4.2 s", "12 s", "5 min 03 s", "1 h 05 min" or "2 d 03 h"; "?" for what is not a duration.
    public static func duration(_ seconds: Double) -> String {
        guard seconds >= 0, seconds < 1e12 else { return "?" }
        if seconds < 9.95 { return "\(rounded(seconds, places: 1)) s" }
        let whole = Int(seconds.rounded())
        func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(twoDigits(whole % 60)) s" }
        let minutes = Int((seconds / 60).rounded())
        if minutes < 24 * 60 { return "\(minutes / 60) h \(twoDigits(minutes % 60)) min" }
        let hours = Int((seconds / 3600).rounded())
        return "\(count(hours / 24)) d \(twoDigits(hours % 24)) h"
    }

    /// Things a second as "310/s", "4.2/s" or "0.031/s"; "?/s" for what is not a rate.
    public static func rate(_ perSecond: Double) -> String {
        guard perSecond >= 0, perSecond < 1e15 else { return "?/s" }
        let places = perSecond >= 9.95 || perSecond == 0 ? 0 : perSecond >= 0.995 ? 1 : perSecond >= 0.0995 ? 2 : 3
        return places == 0 ? "\(count(Int(perSecond.rounded())))/s" : "\(rounded(perSecond, places: places))/s"
    }

    private static func rounded(_ value: Double, places: Int) -> String {
        String(format: "%.\(places)f", value)
    }
}
