/// A mean with an interval that holds it in 95 of 100 repetitions.
public struct Estimate: Sendable, Equatable, Codable {
    /// The mean.
    public let mean: Double
    /// 2.5 and 97.5 % points. Below ``Bootstrap/fewest`` values they hold the mean more seldom than they say, and are
    /// not to be shown: ``hasInterval`` tells.
    public let lower, upper: Double
    /// How many problems or trajectories it rests on; nil where nobody said, and there are enough.
    public let count: Int?
    /// The two-sided p of "the mean is zero" by the bootstrap, (1 + #)/(B + 1); nil where it was not asked for.
    public let p: Double?

    /// - Parameters:
    ///   - mean: the mean.
    ///   - lower: 2.5 % point.
    ///   - upper: 97.5 % point.
    ///   - count: how many values it rests on.
    ///   - p: two-sided, of "the mean is zero".
    public init(mean: Double, lower: Double, upper: Double, count: Int? = nil, p: Double? = nil) {
        (self.mean, self.lower, self.upper, self.count, self.p) = (mean, lower, upper, count, p)
    }

    /// Whether there are values enough for the interval to be shown.
    public var hasInterval: Bool { count.map { $0 >= Bootstrap.fewest } ?? true }

    /// Whether the interval leaves zero out, and which side of it the mean is on. Too few values show neither.
    public var isAboveZero: Bool { hasInterval && lower > 0 }
    public var isBelowZero: Bool { hasInterval && upper < 0 }
}

extension Estimate {
    /// - Parameters:
    ///   - count: of the values.
    ///   - means: of the resamples; left sorted.
    init(mean: Double, count: Int, means: inout [Double]) {
        means.sort()
        let below = means.count { $0 <= 0 }, above = means.count { $0 >= 0 }
        let p = min(1, 2 * Double(1 + min(below, above)) / Double(means.count + 1))
        self.init(
            mean: mean, lower: Self.quantile(0.025, of: means), upper: Self.quantile(0.975, of: means), count: count,
            p: p)
    }

    /// Between neighbours by linear interpolation.
    private static func quantile(_ share: Double, of sorted: [Double]) -> Double {
        let place = share * Double(sorted.count - 1), below = Int(place)
        guard below + 1 < sorted.count else { return sorted[below] }
        return sorted[below] + (place - Double(below)) * (sorted[below + 1] - sorted[below])
    }
}
