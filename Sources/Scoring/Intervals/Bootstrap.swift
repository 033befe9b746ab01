import Tensor

/// The bootstrap over problems: how much a mean would vary had other problems been drawn (percentile method).
public struct Bootstrap: Sendable {
    public let seed: UInt64
    public let resamples: Int

    /// Fewer problems or trajectories give no interval that is worth printing, and nothing is called shown by them.
    ///
    /// Measured as the share of 95 % percentile intervals that hold the true mean, 800 draws each: at 20 values it is
    /// 91 to 94 % for normal and exponential values, pass rates of 8 samples around 50 and 90 %, and paired differences
    /// of such; at 10 values it is 84 to 92 %, at 5 values 75 to 86 %.
    public static let fewest = 20

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
        return Estimate(mean: values.reduce(0, +) / Double(count), count: count, means: &means)
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
