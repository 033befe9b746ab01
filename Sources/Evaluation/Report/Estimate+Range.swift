import Scoring

extension Estimate {
    /// Whether the interval spans zero.
    var showsNoDifference: Bool { !isAboveZero && !isBelowZero }

    var reversed: Estimate { Estimate(mean: -mean, lower: -upper, upper: -lower) }

    /// The interval in per cent; nil where an end is not a number.
    var percentRange: ClosedRange<Double>? { range(times: 100) }

    func range(times factor: Double = 1) -> ClosedRange<Double>? { lower <= upper ? factor * lower...factor * upper : nil }
}
