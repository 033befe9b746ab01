/// Counts of values in bins of equal width, with the moments that survive no binning.
///
/// Plots and TensorBoard both read it, so that one pass over the values serves both.
public struct Histogram: Equatable, Sendable, Codable {
    /// The values between the first edge and the last, cut into `counts.count` equal bins.
    public let range: ClosedRange<Double>
    /// Values in each bin; a value on an inner edge counts above it, one on the last edge below it.
    public let counts: [Int]
    /// All finite values; non-finite ones are counted nowhere.
    public let count: Int
    /// Smallest and largest finite value; both 0 where there is none.
    public let minimum, maximum: Double
    /// Σx and Σx² over the finite values.
    public let sum, sumOfSquares: Double

    /// - Parameters:
    ///   - values: in any order; non-finite ones are left out.
    ///   - bins: at least 1; a smaller number counts as 1.
    ///   - range: what the bins cover; values outside count in the outermost bin. Without it, from the smallest to the
    ///     largest value.
    public init(of values: some Sequence<some BinaryFloatingPoint>, bins: Int = 50, range: ClosedRange<Double>? = nil) {
        let finite = values.map { Double($0) }.filter(\.isFinite)
        let bins = max(bins, 1)
        let minimum = finite.min() ?? 0
        let maximum = finite.max() ?? 0
        var covered = range ?? minimum...maximum
        // All values alike: a bin needs a width.
        if !(covered.upperBound - covered.lowerBound > 0) || !covered.lowerBound.isFinite
            || !covered.upperBound.isFinite
        {
            let half = max(abs(minimum) * 1e-3, 1e-6)
            covered = (minimum - half)...(minimum + half)
        }
        var counts = [Int](repeating: 0, count: bins)
        var sum = 0.0
        var sumOfSquares = 0.0
        let binsPerUnit = Double(bins) / (covered.upperBound - covered.lowerBound)
        for value in finite {
            let place = ((value - covered.lowerBound) * binsPerUnit).rounded(.down)
            // Widths near the ends of Double's range make 0·∞.
            counts[place.isNaN ? 0 : Int(min(max(place, 0), Double(bins - 1)))] += 1
            sum += value
            sumOfSquares += value * value
        }
        self.range = covered
        self.counts = counts
        self.count = finite.count
        self.minimum = minimum
        self.maximum = maximum
        self.sum = sum
        self.sumOfSquares = sumOfSquares
    }

    /// Edge `index` of the bins, from 0 to `counts.count`.
    public func edge(_ index: Int) -> Double {
        index == counts.count
            ? range.upperBound
            : range.lowerBound + (range.upperBound - range.lowerBound) * Double(index) / Double(counts.count)
    }

    /// Σx / n; 0 where there is no value.
    public var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// The value below which a share of the values lies, values spread evenly within a bin; nil where there is none.
    ///
    /// - Parameter share: in [0, 1].
    public func quantile(_ share: Double) -> Double? {
        guard count > 0 else { return nil }
        let target = min(max(share, 0), 1) * Double(count)
        var below = 0.0
        for (index, inside) in counts.enumerated() where inside > 0 {
            if below + Double(inside) >= target {
                let part = (target - below) / Double(inside)
                let value = edge(index) + (edge(index + 1) - edge(index)) * part
                return min(max(value, minimum), maximum)
            }
            below += Double(inside)
        }
        return maximum
    }
}
