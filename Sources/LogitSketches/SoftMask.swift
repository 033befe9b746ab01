import Foundation
import Tensor

/// The soft nucleus mask of one distribution, equation (2): m(c) = exp(−α·relu(c − P)).
///
/// c is the inclusive cumulative probability of tokens in descending order, capped at 1. From P = 1 on, m is 1
/// everywhere.
public struct SoftMask: Sendable {
    /// P > 0.
    public var topP: Double
    /// α > 0, how steeply the mask falls beyond P.
    public var steepness: Double

    /// α of the paper.
    public static let publishedSteepness = 30.0

    /// A mask with the given P and α.
    public init(topP: Double, steepness: Double = publishedSteepness) {
        (self.topP, self.steepness) = (topP, steepness)
    }

    /// Whether the mask is 1 everywhere.
    public var isOpen: Bool { topP >= 1 }

    /// relu(c − P), c capped at 1.
    public func excess(_ c: Double) -> Double { isOpen ? 0 : max(min(c, 1) - topP, 0) }

    /// m(c), in (0, 1].
    public func callAsFunction(_ c: Double) -> Double {
        let excess = excess(c)
        return excess > 0 ? Foundation.exp(-steepness * excess) : 1
    }

    /// ∫ m dc over a length, from c ≥ P on: (m(c) − m(c + length))/α.
    ///
    /// It is written as −m(c)·expm1(−α·length)/α, because a difference of two masks would lose its digits.
    public func integralBeyondTopP(from c: Double, length: Double) -> Double {
        -self(c) * Foundation.expm1(-steepness * length) / steepness
    }

    /// ∫ m(c) dc from c₀ to c₀ + b, with its derivatives in T, given those of c₀ and b, and in P.
    ///
    /// Inside the nucleus the integral is the length; beyond it is ``integralBeyondTopP(from:length:)``.
    func integral(
        from c0: Double, tangent dc0: Double, over b: Double, tangent db: Double
    ) -> (value: Double, byTemperature: Double, byTopP: Double) {
        let c1 = c0 + b
        if isOpen || c1 <= topP { return (b, db, 0) }
        let start = max(c0, topP), inside = start - min(c0, start)
        let outside = integralBeyondTopP(from: start, length: c0 >= topP ? b : c1 - topP)
        return (inside + outside, self(c1) * (dc0 + db) - self(c0) * dc0, steepness * outside)
    }
}

/// The soft mask of sixteen tokens at a time: m = 2^(−α·log₂e·relu(c − P)).
struct VectorSoftMask<Element: Scalar> {
    private let cap: SIMD16<Element>
    private let power: SIMD16<Element>
    private let smallest = SIMD16(repeating: Element.negligibleExponent)
    private let zero = SIMD16<Element>(repeating: 0)

    @inline(__always)
    init(_ mask: SoftMask) {
        cap = SIMD16(repeating: Element(1 - mask.topP))
        power = SIMD16(repeating: Element(-Double.log2e * mask.steepness))
    }

    /// relu(c − P) with c capped at 1, given c − P.
    @inline(__always)
    func excess(_ difference: SIMD16<Element>) -> SIMD16<Element> {
        Element.maximum(Element.minimum(difference, cap), zero)
    }

    /// m, given relu(c − P).
    @inline(__always)
    func callAsFunction(excess: SIMD16<Element>) -> SIMD16<Element> {
        Element.exponentialBase2OfBounded(Element.maximum(excess * power, smallest))
    }
}

/// Σ p·m over some tokens, the denominator of equation (3), with its derivatives in T and P.
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
