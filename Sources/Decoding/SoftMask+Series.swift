import Foundation
import LogitSketches

// Sums of p·m over many tokens, as the soft filter needs them for bins and for the tail of a row.

extension SoftMask {
    /// Σ p·m over `count` tokens of nearly equal p, of mass b together, that follow a cumulative probability c ≥ P.
    ///
    /// With p = b/n and r = exp(−αp) it is the geometric series p·m(c)·(r + r² + … + rⁿ). Probabilities that spread by
    /// a factor 1 ± δ/2 change it by a share of α·p·δ²/24 (``spreadError(probability:spread:)``), because the integral
    /// of m over c does not depend on how b is cut.
    func mass(after c: Double, of b: Double, count: Double) -> Double {
        let p = b / count
        let r = Foundation.exp(-steepness * p)
        // Below the first, 1 − r loses its digits; the series is then count·p, as r is 1.
        let sum = p > 1e-300 ? Foundation.expm1(-steepness * b) / Foundation.expm1(-steepness * p) : count
        return p * self(c) * r * sum
    }

    /// The share by which ``mass(after:of:count:)`` is off for probabilities that spread by a factor 1 ± δ/2.
    func spreadError(probability p: Double, spread δ: Double) -> Double { steepness * p * δ * δ / 24 }

    /// ∫ m dc from c ≥ P to 1: the masked mass of tokens that are each very small.
    func tail(after c: Double) -> Double { c < 1 ? integralBeyondTopP(from: c, length: 1 - c) : 0 }
}
