import Scoring

extension Estimate {
    /// Whether the interval spans zero.
    var showsNoDifference: Bool { !isAboveZero && !isBelowZero }

    var reversed: Estimate { Estimate(mean: -mean, lower: -upper, upper: -lower, count: count, p: p) }

    /// The interval in per cent; nil where an end is not a number, and where it rests on too few problems.
    var percentRange: ClosedRange<Double>? { range(times: 100) }

    func range(times factor: Double = 1) -> ClosedRange<Double>? {
        hasInterval && lower <= upper ? factor * lower...factor * upper : nil
    }
}
