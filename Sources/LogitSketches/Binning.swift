import Tensor

/// Where the label's bin is cut: the label's logit and its bin.
struct BinCut<Element: Scalar> {
    var logit: Element
    var bin: Element
}

/// From a logit to its bin: with z = 1 + d·(q^B − 1)/D for depth d, the bin is ⌊log z / log q⌋.
struct Binning<Element: Scalar> {
    /// The K+1-th logit, from which depth is measured.
    var top: Element
    var floor: Element
    /// (q^B − 1)/D.
    var depthFactor: Element
    /// 1/log q.
    var indexFactor: Element
    /// B − 1.
    var lastBin: Element
    /// The number given to what is in no bin.
    var outside: Element
    /// 1.5 · 2^(digits − 1): adding and subtracting it rounds to an integer.
    let rounding = Element(sign: .plus, exponent: Element.Exponent(Element.significandBitCount), significand: 1.5)

    /// ⌊x⌋ for 0 ≤ x < 2²²: rounding to nearest, of x − ½.
    @inline(__always)
    func bins(_ l: SIMD16<Element>) -> SIMD16<Element> {
        let depth = SIMD16(repeating: top) - Element.maximum(l, SIMD16(repeating: floor))
        let z = SIMD16(repeating: 1).addingProduct(depth, SIMD16(repeating: depthFactor))
        let position = Element.logarithm(z) * SIMD16(repeating: indexFactor) - SIMD16(repeating: 0.499_999)
        let rounding = SIMD16<Element>(repeating: rounding), bin = (position + rounding) - rounding
        return Element.maximum(Element.minimum(bin, SIMD16(repeating: lastBin)), SIMD16(repeating: 0))
    }

    func bin(of logit: Element) -> Element { bins(SIMD16(repeating: logit))[0] }
}
