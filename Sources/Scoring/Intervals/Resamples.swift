import Synchronization
import Tensor

/// The bootstrap over one list of problems, for many values at once: problems are drawn once, and each value's mean is
/// taken over the same resamples. It gives ``Bootstrap``'s intervals, a hundred times as fast.
///
/// A class because it remembers what it was asked: an evaluation that is shown again and again as it grows asks for the
/// same figures.
public final class Resamples: Sendable {
    public let problems: Int
    /// [resamples × problems]: how often a resample holds a problem.
    private let counts: [UInt8]
    private let resamples: Int
    private let known = Mutex<[[Double]: Estimate]>([:])

    /// - Parameter problems: at least one.
    public init(problems: Int, _ bootstrap: Bootstrap = Bootstrap()) {
        require(problems >= 1, "a bootstrap of no problems")
        (self.problems, resamples) = (problems, bootstrap.resamples)
        var counts = [UInt8](repeating: 0, count: bootstrap.resamples * problems)
        var places = bootstrap.places(problems)
        for resample in 0..<resamples {
            for _ in 0..<problems { counts[resample * problems + places.next()] += 1 }
        }
        self.counts = counts
    }

    /// The mean of one value a problem.
    public func mean(of values: [Double]) -> Estimate { means(of: [values])[0] }

    /// The mean of first − second on the same problems.
    public func difference(_ first: [Double], _ second: [Double]) -> Estimate {
        require(first.count == second.count, "\(first.count) problems beside \(second.count)")
        return mean(of: zip(first, second).map { $0 - $1 })
    }

    /// The mean of each of several values a problem.
    public func means(of columns: [[Double]]) -> [Estimate] {
        for column in columns { require(column.count == problems, "\(column.count) values for \(problems) problems") }
        var fresh = known.withLock { known in columns.filter { known[$0] == nil } }
        fresh = Array(Set(fresh))
        var found = [Estimate?](repeating: nil, count: fresh.count)
        found.withUnsafeMutableBufferPointer { found in
            // Each block writes its own column's estimate.
            nonisolated(unsafe) let found = found
            let fresh = fresh
            Parallel.forEachBlock(of: fresh.count, blockSize: 1) { block in
                for column in block { found[column] = estimate(fresh[column]) }
            }
        }
        return known.withLock { known in
            for (column, estimate) in zip(fresh, found) { known[column] = estimate }
            return columns.compactMap { known[$0] }
        }
    }

    private func estimate(_ values: [Double]) -> Estimate {
        var means = [Double](repeating: 0, count: resamples)
        values.withUnsafeBufferPointer { values in
            counts.withUnsafeBufferPointer { counts in
                for resample in 0..<resamples {
                    means[resample] =
                        weightedSum(
                            UnsafeBufferPointer(rebasing: counts[resample * problems..<(resample + 1) * problems]),
                            values)
                        / Double(problems)
                }
            }
        }
        return Estimate(mean: values.reduce(0, +) / Double(problems), count: problems, means: &means)
    }
}

/// Σ count·value, in eight sums side by side.
@inline(never)
private func weightedSum(_ counts: UnsafeBufferPointer<UInt8>, _ values: UnsafeBufferPointer<Double>) -> Double {
    var sums = SIMD8<Double>(repeating: 0)
    let whole = counts.count / 8 * 8
    var i = 0
    while i < whole {
        var c = SIMD8<Double>(), v = SIMD8<Double>()
        for lane in 0..<8 { (c[lane], v[lane]) = (Double(counts[i + lane]), values[i + lane]) }
        sums += c * v
        i += 8
    }
    var sum = sums.sum()
    while i < counts.count {
        sum += Double(counts[i]) * values[i]
        i += 1
    }
    return sum
}
