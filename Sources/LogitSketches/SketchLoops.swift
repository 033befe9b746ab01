import Tensor

// The builder's sweeps over a row: loop-only functions, which become vector code.

/// Index of the bin of each logit of whole vectors, as a number of the logits' type; `outside` for logits from `kept`
/// up and impossible ones. What comes after the cut goes one bin further, and at least behind the label's bin.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
func binIndices<Element: Scalar>(
    _ l: UnsafePointer<Element>, vectors: Int, _ binning: Binning<Element>, keptFrom kept: Element, cutAt cut: Element,
    cutBin: Element, _ indices: UnsafeMutablePointer<Element>
) {
    let impossible = SIMD16(repeating: Element(largestImpossibleLogit)), outside = SIMD16(repeating: binning.outside)
    let kept = SIMD16(repeating: kept), cut = SIMD16(repeating: cut), cutBin = SIMD16(repeating: cutBin)
    for i in 0..<vectors {
        let x = loadVector(l + 16 * i), bin = binning.bins(x)
        let cutBins = Element.choose(
            Element.maximum(bin, cutBin) + 1, Element.minimum(bin, cutBin), ifLess: x, than: cut)
        let possible = Element.choose(cutBins, outside, ifLess: impossible, than: x)
        storeVector(Element.choose(possible, outside, ifLess: x, than: kept), indices + 16 * i)
    }
}

/// Adds each logit's depth to its bin, neighbours to different copies.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
func scatter<Element: Scalar>(
    _ l: UnsafePointer<Element>, _ count: Int, top: Element, floor: Element, _ indices: UnsafePointer<Element>,
    _ bins: UnsafeMutablePointer<SIMD4<Double>>
) {
    let top = Double(top), deepest = top - Double(floor)
    var i = 0
    while i < count &- 1 {
        let d0 = min(top - Double(l[i]), deepest), d1 = min(top - Double(l[i + 1]), deepest)
        bins[2 * Element.wholeNumber(indices[i])] += SIMD4(1, d0, d0 * d0, 0)
        bins[2 * Element.wholeNumber(indices[i &+ 1]) + 1] += SIMD4(1, d1, d1 * d1, 0)
        i &+= 2
    }
    if i < count {
        let d = min(top - Double(l[i]), deepest)
        bins[2 * Element.wholeNumber(indices[i])] += SIMD4(1, d, d * d, 0)
    }
}

/// Maxima of whole blocks of 64 logits, as vectors of sixteen lanes. `lanes` gets the smallest possible logit of each
/// lane, then the number of logits of each lane that are NaN or +∞, added to what it holds.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
func blockMaxima<Element: Scalar>(
    _ l: UnsafePointer<Element>, blocks: Int, _ maxima: UnsafeMutablePointer<Element>,
    _ lanes: UnsafeMutablePointer<Element>
) {
    let one = SIMD16<Element>(repeating: 1), zero = SIMD16<Element>(repeating: 0)
    let infinity = SIMD16<Element>(repeating: .infinity),
        impossible = SIMD16(repeating: Element(largestImpossibleLogit))
    var smallest = loadVector(UnsafePointer(lanes)), bad = loadVector(UnsafePointer(lanes + 16))
    for block in 0..<blocks {
        var maximum = -infinity
        for i in 0..<4 {
            let x = loadVector(l + 64 * block + 16 * i)
            maximum = Element.maximum(maximum, x)
            // Neither a NaN nor an infinity is less than infinity.
            bad += Element.choose(zero, one, ifLess: x, than: infinity)
            smallest = Element.minimum(smallest, Element.choose(x, infinity, ifLess: impossible, than: x))
        }
        storeVector(maximum, maxima + 16 * block)
    }
    storeVector(smallest, lanes)
    storeVector(bad, lanes + 16)
}

/// The largest lane of each of `count` vectors, in place at the front.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
func reduceToMaxima<Element: Scalar>(_ vectors: UnsafeMutablePointer<Element>, count: Int) {
    for i in 0..<count {
        var largest = vectors[16 * i]
        for lane in 1..<16 { largest = max(largest, vectors[16 * i + lane]) }
        vectors[i] = largest
    }
}

/// Number of logits above a bound.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
func countAbove<Element: Scalar>(_ l: UnsafePointer<Element>, _ count: Int, _ bound: Element) -> Int {
    var total = 0
    for i in 0..<count where l[i] > bound { total += 1 }
    return total
}
