import Foundation

/// The soft nucleus mask of one token, equation (2): m(c) = exp(−α·relu(c − P)).
struct SoftMask {
    /// P. From 1 on, m is 1 everywhere.
    var topP: Double
    /// α.
    var steepness: Double

    var isOpen: Bool { topP >= 1 }

    /// m(c), c capped at 1.
    func value(_ c: Double) -> Double { Foundation.exp(-steepness * max(min(c, 1) - topP, 0)) }

    /// relu(c − P), c capped at 1.
    func excess(_ c: Double) -> Double { isOpen ? 0 : max(min(c, 1) - topP, 0) }

    /// ∫ m(c) dc from c₀ to c₀ + b, and its derivatives by T, given those of c₀ and b, and by P.
    ///
    /// Inside the nucleus the integral is the length; outside it is (m(a) − m(c₁))/α, written as
    /// −m(a)·expm1(−α·(c₁−a))/α because a difference of two masks would lose its digits.
    func integral(
        from c0: Double, tangent dc0: Double, over b: Double, tangent db: Double
    ) -> (value: Double, byTemperature: Double, byTopP: Double) {
        let c1 = c0 + b
        if isOpen || c1 <= topP { return (b, db, 0) }
        let start = max(c0, topP), inside = start - min(c0, start)
        let length = c0 >= topP ? b : c1 - topP
        let outside = -value(start) * Foundation.expm1(-steepness * length) / steepness
        return (inside + outside, value(c1) * (dc0 + db) - value(c0) * dc0, steepness * outside)
    }
}

/// Σ p·m over some tokens with its derivatives: the denominator of equation (3), and the share of it outside of P.
struct MaskedMass {
    var value = 0.0
    var byTemperature = 0.0
    var byTopP = 0.0

    mutating func add(_ value: Double, byTemperature: Double, byTopP: Double) {
        self.value += value
        self.byTemperature += byTemperature
        self.byTopP += byTopP
    }
}
