import Tensor

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

/// The bootstrap over problems: how much a mean would vary had other problems been drawn (percentile method).
public struct Bootstrap: Sendable {
    public let seed: UInt64
    public let resamples: Int

    public init(seed: UInt64 = 0, resamples: Int = 10_000) {
        require(resamples >= 40, "\(resamples) resamples, of which 2.5 % are to lie outside")
        (self.seed, self.resamples) = (seed, resamples)
    }

    /// The mean of one value a problem.
    ///
    /// - Parameter values: at least one.
    public func mean(of values: [Double]) -> Estimate {
        require(!values.isEmpty, "a bootstrap of no values")
        var random = RandomGenerator(seed: seed)
        let count = values.count
        var means = (0..<resamples).map { _ in
            var sum = 0.0
            // 32 random bits times the count: the upper half is a place, biased by less than count/2³².
            for _ in 0..<count { sum += values[Int((UInt64(random.nextWord()) * UInt64(count)) >> 32)] }
            return sum / Double(count)
        }
        means.sort()
        let mean = values.reduce(0, +) / Double(count)
        return Estimate(mean: mean, lower: quantile(0.025, of: means), upper: quantile(0.975, of: means))
    }

    /// The mean of first − second on the same problems (paired bootstrap).
    public func difference(_ first: [Double], _ second: [Double]) -> Estimate {
        require(first.count == second.count, "\(first.count) problems beside \(second.count)")
        return mean(of: zip(first, second).map { $0 - $1 })
    }

    /// Between neighbours by linear interpolation.
    private func quantile(_ share: Double, of sorted: [Double]) -> Double {
        let place = share * Double(sorted.count - 1), below = Int(place)
        guard below + 1 < sorted.count else { return sorted[below] }
        return sorted[below] + (place - Double(below)) * (sorted[below + 1] - sorted[below])
    }
}
