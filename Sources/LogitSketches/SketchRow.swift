import Foundation
import Tensor

/// How a label's log probability answers to inverse temperature β = 1/T, at one β.
///
/// With p = softmax(βl), `log p_y = β·l_y − log Σ exp(βl)`; it is concave in β.
public struct InverseTemperatureResponse: Sendable, Equatable {
    /// β > 0.
    public var inverseTemperature: Double
    /// log p_y ≤ 0, nats.
    public var logProbability: Double
    /// d log p_y/dβ = l_y − E_p[l].
    public var slope: Double
    /// Var_p(l) = −d² log p_y/dβ².
    public var variance: Double
    /// −Σ p·log p, nats: β·slope − log p_y, because log Σ exp(βl) drops out.
    public var entropy: Double { inverseTemperature * slope - logProbability }

    /// A response from its four numbers.
    public init(inverseTemperature: Double, logProbability: Double, slope: Double, variance: Double) {
        (self.inverseTemperature, self.logProbability) = (inverseTemperature, logProbability)
        (self.slope, self.variance) = (slope, variance)
    }
}

/// One token's sketch by rank, in Double: for looking at single tokens at many temperatures.
///
/// A bin of n logits with mean μ and variance σ² has the mass `n·exp(βμ)·(1 + β²σ²/2)`, as in the fused pass, and
/// derivatives of that.
public struct SketchRow: Sendable {
    struct Bin {
        var count: Double
        var depth: Double
        var variance: Double
    }

    /// l − l₀ of the largest logits, descending; impossible ones are left out.
    var depths: [Double] = []
    /// The bins of all logits below, in descending order; empty bins are left out.
    var bins: [Bin] = []
    /// l_y − l₀, and the label's index among `depths`, or that of the bin which ends with it.
    var labelDepth = 0.0
    var labelIndex = 0
    var labelIsInTail = false

    /// A row that ``LogitSketches/read(_:into:)`` fills again and again.
    public init() {}

    /// log p_y, its slope and its curvature at β > 0.
    public func response(at β: Double) -> InverseTemperatureResponse {
        var total = 0.0, first = 0.0, second = 0.0
        for x in depths {
            let e = Foundation.exp(β * x)
            total += e
            first += e * x
            second += e * x * x
        }
        for bin in bins {
            let x = bin.depth, e = bin.count * Foundation.exp(β * x), mass = 1 + β * β * bin.variance / 2
            total += e * mass
            first += e * (x * mass + β * bin.variance)
            second += e * (x * x * mass + (2 * x * β + 1) * bin.variance)
        }
        let mean = first / total
        return InverseTemperatureResponse(
            inverseTemperature: β, logProbability: β * labelDepth - Foundation.log(total), slope: labelDepth - mean,
            variance: max(0, second / total - mean * mean))
    }

    /// The largest p of softmax(l), in (0, 1].
    public var largestProbability: Double {
        1
            / (depths.reduce(0) { $0 + Foundation.exp($1) }
                + bins.reduce(0) { $0 + $1.count * Foundation.exp($1.depth) * (1 + $1.variance / 2) })
    }

    /// The response at the β in `range` where log p_y is largest, to 1e-9 relative: an end of the range, or the root
    /// of the slope by Newton's method within a bracket.
    public func bestResponse(in range: ClosedRange<Double>) -> InverseTemperatureResponse {
        let highest = response(at: range.upperBound)
        if highest.slope >= 0 { return highest }
        let lowest = response(at: range.lowerBound)
        if lowest.slope <= 0 { return lowest }
        var (lower, upper) = (range.lowerBound, range.upperBound)
        var best = response(at: (lower * upper).squareRoot())
        for _ in 0..<60 {
            let β = best.inverseTemperature
            if best.slope > 0 { lower = β } else { upper = β }
            let newton = β + best.slope / best.variance
            let next = newton > lower && newton < upper ? newton : (lower + upper) / 2
            best = response(at: next)
            if abs(next - β) <= 1e-9 * β { break }
        }
        return best
    }

    /// What the hard filter leaves of softmax(βl): the smallest set of largest tokens whose cumulative probability
    /// reaches P, never empty.
    ///
    /// Tokens of one bin are taken as equally likely.
    ///
    /// - Parameter topP: P; from 1 on everything is kept.
    /// - Returns: whether the label is kept, and the probability of all that is.
    public func nucleus(at β: Double, topP P: Double) -> (keepsLabel: Bool, mass: Double) {
        guard P < 1 else { return (true, 1) }
        let label = response(at: β), scale = Foundation.exp(label.logProbability - β * labelDepth)
        // A token is kept where the cumulative probability before it has not reached P.
        var before = 0.0, kept = 0.0, keepsLabel = false
        for (rank, x) in depths.enumerated() {
            guard before < P || rank == 0 else { return (keepsLabel, min(1, kept)) }
            if rank == labelIndex && !labelIsInTail { keepsLabel = true }
            before += scale * Foundation.exp(β * x)
            kept = before
        }
        for (index, bin) in bins.enumerated() {
            guard before < P else { break }
            let mass = scale * bin.count * Foundation.exp(β * bin.depth) * (1 + β * β * bin.variance / 2),
                each = mass / bin.count
            let fitting = min(bin.count, ((P - before) / each).rounded(.up))
            // The label is its bin's last token.
            if labelIsInTail, index == labelIndex {
                keepsLabel = before + mass - Foundation.exp(label.logProbability) < P
            }
            kept = before + fitting * each
            before += mass
        }
        return (keepsLabel, min(1, kept))
    }
}

extension LogitSketches {
    /// Lays a token's sketch out by rank, in the memory that `row` has.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func read(_ token: Int, into row: inout SketchRow) {
        require((0..<count).contains(token), "token \(token) of \(count)")
        row.depths.removeAll(keepingCapacity: true)
        row.bins.removeAll(keepingCapacity: true)
        let label = labels[token]
        row.labelDepth = label.depth
        row.labelIsInTail = label.isInTail
        if !label.isInTail { row.labelIndex = labelRanks[token] }
        withPointers(to: depths) { depths in
            let run = depths + token * exactHeight * 16
            for rank in 0..<exactCount {
                let x = Double(run[LaneMajor.index(of: rank, height: exactHeight)])
                if x <= Double(SortedRows<Element>.impossibleDepth) { break }
                row.depths.append(x)
            }
        }
        guard hasTail else { return }
        withPointers(to: bins) { bins in
            let start = token * 3 * binHeight * 16
            for bin in 0...shape.bins {
                let place = LaneMajor.index(of: bin, height: binHeight)
                func value(_ column: Int) -> Double { Double(bins[start + column * binHeight * 16 + place]) }
                guard value(0) > 0 else { continue }
                if label.isInTail, place == label.place { row.labelIndex = row.bins.count }
                row.bins.append(SketchRow.Bin(count: value(0), depth: value(1), variance: value(2)))
            }
        }
    }
}
