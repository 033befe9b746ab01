import Foundation
import Tensor

/// One row's softmax at one temperature, equation (1), with its derivative in T, as far as sums over all tokens go.
///
/// Exponents are in powers of two: y = (l − l₀)·log₂e/T, e = 2^y ≤ 1, p = e/Z. Then
/// `dp/dT = −(ln 2/T)·p·(y − ȳ)` with ȳ = Σ p·y.
struct RowSoftmax {
    /// T > 0.
    var temperature: Double
    /// Z = Σ e.
    var total = 0.0
    /// Σ e·y.
    var weightedExponents = 0.0
    /// Σ e².
    var squares = 0.0

    init(temperature: Double) { self.temperature = temperature }

    /// log₂e / T, which turns l − l₀ into y.
    var scale: Double { Double.log2e / temperature }
    /// ȳ.
    var meanExponent: Double { weightedExponents / total }
    /// −ln 2/T.
    var tangentFactor: Double { -Double.ln2 / temperature }

    /// log p of a token `depth` = l − l₀ below the largest.
    func logProbability(depth: Double) -> Double { depth / temperature - Foundation.log(total) }

    /// d log p / dT of that token: −(ln 2/T)·(y − ȳ).
    func logProbabilityTangent(depth: Double) -> Double { tangentFactor * (depth * scale - meanExponent) }

    /// A mass Σ e over some of the tokens, as a probability with its derivative in T.
    func mass(sum: Double, weightedExponents: Double) -> (value: Double, tangent: Double) {
        (sum / total, tangentFactor * (weightedExponents - meanExponent * sum) / total)
    }
}

/// Σe, Σe·y, Σe² and Σe²·y over a run of `vectors` vectors of depths x = l − l₀, left as lane sums in `sums` (four
/// vectors). Nothing but the loop: reading lanes in the same function would drag shuffles into it.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
func sumExponentials<Element: Scalar>(
    _ x: UnsafePointer<Element>, vectors: Int, scale: Element, into sums: UnsafeMutablePointer<Element>
) {
    var e0 = SIMD16<Element>(repeating: 0), ey0 = e0, ee0 = e0, eey0 = e0
    let scale = SIMD16<Element>(repeating: scale), smallest = SIMD16(repeating: Element.negligibleExponent)
    for i in 0..<vectors {
        let y = Element.maximum(loadVector(x + 16 * i) * scale, smallest), e = Element.exponentialBase2OfBounded(y)
        let ee = e * e
        e0 += e
        ey0.addProduct(e, y)
        ee0 += ee
        eey0.addProduct(ee, y)
    }
    storeVector(e0, sums)
    storeVector(ey0, sums + 16)
    storeVector(ee0, sums + 32)
    storeVector(eey0, sums + 48)
}

/// Σ e over the first ranks of a lane-major run, at most sixteen.
@inline(__always)
func sumOfLargest<Element: Scalar>(_ ranks: Int, _ x: UnsafePointer<Element>, height: Int, scale: Element) -> Double {
    var depths = SIMD16<Element>(repeating: SortedRows<Element>.impossibleDepth)
    for rank in 0..<ranks { depths[rank] = x[LaneMajor.index(of: rank, height: height)] }
    return Double(laneSum(Element.exponentialBase2NotAboveOne(depths * scale)))
}

/// Lane sums of `count` vectors, in Double.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
func reduceLanes<Element: Scalar>(
    _ vectors: UnsafePointer<Element>, count: Int, into sums: UnsafeMutablePointer<Double>
) {
    for i in 0..<count {
        let v = loadVector(vectors + 16 * i)
        let a = v.lowHalf + v.highHalf
        let b = a.lowHalf + a.highHalf
        sums[i] = (Double(b[0]) + Double(b[1])) + (Double(b[2]) + Double(b[3]))
    }
}
