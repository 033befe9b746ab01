import Foundation

/// Where a policy's temperature comes from. At T = 0 decoding is greedy.
public enum Temperature: Sendable, Equatable {
    case fixed(Double)
    case entropy(EntropyTemperature)

    /// - Throws: ``PolicyError`` for a setting without meaning.
    func check() throws {
        switch self {
        case .fixed(let t): try checkSetting("temperature", t, t >= 0 && t <= 1e20, "a number from 0 to 1e20")
        case .entropy(let rule): try rule.check()
        }
    }
}

/// A temperature that follows the model's uncertainty, as llama.cpp's dynamic temperature:
///
///     T = minimum + (maximum − minimum)·(H / log V)^exponent
///
/// with H the entropy of softmax(l) at T = 1 over all V tokens. Impossible tokens count in V alone, and V = 1 leaves
/// T = 1. llama.cpp's `temp ± dynatemp_range` is minimum = max(0, temp − range) and maximum = temp + range.
public struct EntropyTemperature: Sendable, Equatable {
    public var minimum: Double
    public var maximum: Double
    public var exponent: Double

    public init(minimum: Double, maximum: Double, exponent: Double = 1) {
        (self.minimum, self.maximum, self.exponent) = (minimum, maximum, exponent)
    }

    /// T for an entropy in nats.
    public func temperature(entropy: Double, vocabularySize: Int) -> Double {
        guard vocabularySize > 1 else { return 1 }
        let normalized = min(max(entropy / Foundation.log(Double(vocabularySize)), 0), 1)
        return minimum + (maximum - minimum) * Foundation.pow(normalized, exponent)
    }

    func check() throws {
        try checkSetting("minimum temperature", minimum, minimum >= 0 && minimum <= 1e20, "a number from 0 to 1e20")
        try checkSetting(
            "maximum temperature", maximum, maximum >= minimum && maximum <= 1e20, "a number from \(minimum) to 1e20")
        try checkSetting("exponent", exponent, exponent >= 0 && exponent < .infinity, "a number from 0 up")
    }
}
