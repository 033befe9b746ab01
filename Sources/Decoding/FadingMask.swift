import Foundation

/// The mask of the soft filter, m(c) = exp(−α·relu(c − P)), c the inclusive cumulative probability, capped at 1.
public struct FadingMask: Sendable {
    /// P < 1.
    public var topP: Double
    /// α.
    public var steepness = NucleusFilter.steepness

    public init(topP: Double, steepness: Double = NucleusFilter.steepness) { (self.topP, self.steepness) = (topP, steepness) }

    /// m(c), in (0, 1].
    public func callAsFunction(_ c: Double) -> Double {
        c <= topP ? 1 : Foundation.exp(-steepness * (min(c, 1) - topP))
    }

    /// Σ p·m over `count` tokens of nearly equal p, of mass b together, that follow a cumulative probability c ≥ P.
    ///
    /// With p = b/n and r = exp(−αp) it is the geometric series p·m(c)·(r + r² + … + rⁿ). Probabilities that spread by a
    /// factor 1 ± δ/2 change it by a share of α·p·δ²/24 (``spreadError``), because the integral of m over c does not
    /// depend on how b is cut.
    func mass(after c: Double, of b: Double, count: Double) -> Double {
        let p = b / count
        let r = Foundation.exp(-steepness * p)
        // Below the first, 1 − r loses its digits; the series is then count·p, as r is 1.
        let sum = p > 1e-300 ? Foundation.expm1(-steepness * b) / Foundation.expm1(-steepness * p) : count
        return p * self(c) * r * sum
    }

    func spreadError(probability p: Double, spread δ: Double) -> Double { steepness * p * δ * δ / 24 }

    /// ∫ m dc from c ≥ P to 1: the masked mass of tokens that are each very small.
    func tail(after c: Double) -> Double {
        c < 1 ? -self(c) * Foundation.expm1(-steepness * (1 - c)) / steepness : 0
    }
}
