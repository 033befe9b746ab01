/// A mean with an interval that holds it in 95 of 100 repetitions.
public struct Estimate: Sendable, Equatable, Codable {
    public let mean: Double
    /// 2.5 and 97.5 % points.
    public let lower, upper: Double

    public init(mean: Double, lower: Double, upper: Double) { (self.mean, self.lower, self.upper) = (mean, lower, upper) }

    /// Whether the interval leaves zero out, and which side of it the mean is on.
    public var isAboveZero: Bool { lower > 0 }
    public var isBelowZero: Bool { upper < 0 }
}

extension Estimate {
    /// - Parameter means: of the resamples; left sorted.
    init(mean: Double, means: inout [Double]) {
        means.sort()
        self.init(mean: mean, lower: Self.quantile(0.025, of: means), upper: Self.quantile(0.975, of: means))
    }

    /// Between neighbours by linear interpolation.
    private static func quantile(_ share: Double, of sorted: [Double]) -> Double {
        let place = share * Double(sorted.count - 1), below = Int(place)
        guard below + 1 < sorted.count else { return sorted[below] }
        return sorted[below] + (place - Double(below)) * (sorted[below + 1] - sorted[below])
    }
}
