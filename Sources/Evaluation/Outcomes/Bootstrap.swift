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
        var places = places(values.count)
        let count = values.count
        var means = (0..<resamples).map { _ in
            var sum = 0.0
            for _ in 0..<count { sum += values[places.next()] }
            return sum / Double(count)
        }
        return Estimate(mean: values.reduce(0, +) / Double(count), means: &means)
    }

    /// The mean of first − second on the same problems (paired bootstrap).
    public func difference(_ first: [Double], _ second: [Double]) -> Estimate {
        require(first.count == second.count, "\(first.count) problems beside \(second.count)")
        return mean(of: zip(first, second).map { $0 - $1 })
    }

    /// Which values the resamples hold, one after another.
    func places(_ count: Int) -> Places { Places(random: RandomGenerator(seed: seed), count: UInt64(count)) }

    struct Places {
        fileprivate var random: RandomGenerator
        fileprivate let count: UInt64

        /// 32 random bits times the count: the upper half is a place, biased by less than count/2³².
        mutating func next() -> Int { Int((UInt64(random.nextWord()) * count) >> 32) }
    }
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
