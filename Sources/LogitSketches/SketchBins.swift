import Tensor

/// Work memory of one thread: the run of exact logits, and for each bin mass, cumulative mass and mask.
final class SketchWorkspace<Element: Scalar> {
    let run: MaskedRun<Element>
    /// Bins as a run of places: `excess` holds c₁ − P, `probability` the mass, and so their derivatives.
    let bins: MaskedRun<Element>
    /// Mean p of each bin, and its derivative in T.
    let mean: UnsafeMutablePointer<Element>
    let meanTangent: UnsafeMutablePointer<Element>
    /// c₀ − P and dc₀/dT, where each bin begins.
    let before: UnsafeMutablePointer<Element>
    let beforeTangent: UnsafeMutablePointer<Element>
    /// m and its slope where each bin begins, and where it ends.
    let maskBefore: UnsafeMutablePointer<Element>
    let slopeBefore: UnsafeMutablePointer<Element>
    let maskAfter: UnsafeMutablePointer<Element>
    let slopeAfter: UnsafeMutablePointer<Element>
    let lanes: UnsafeMutablePointer<Element>
    let sums: UnsafeMutablePointer<Double>
    private let memory: UnsafeMutablePointer<Element>

    init(exactHeight: Int, binHeight: Int) {
        run = MaskedRun(height: exactHeight)
        bins = MaskedRun(height: binHeight)
        let size = binHeight * 16
        memory = vectorMemory(8 * size + 128)
        (mean, meanTangent) = (memory, memory + size)
        (before, beforeTangent) = (memory + 2 * size, memory + 3 * size)
        (maskBefore, slopeBefore) = (memory + 4 * size, memory + 5 * size)
        (maskAfter, slopeAfter) = (memory + 6 * size, memory + 7 * size)
        lanes = memory + 8 * size
        sums = .allocate(capacity: 8)
    }

    deinit {
        memory.deallocate()
        sums.deallocate()
    }
}

/// One vector of bins at one temperature, in units of e. With y = s·log₂e, Σ e·y over a bin comes out as
/// `n·e^s·(y·(1 + v/2) + v·log₂e)`, which makes `dΣe/dT = −(ln 2/T)·Σ e·y` exact for the approximated Σ e.
private struct BinVector<Element: Scalar> {
    /// n·e^s, y, v and n.
    let scaled: SIMD16<Element>
    let exponent: SIMD16<Element>
    let variance: SIMD16<Element>
    let count: SIMD16<Element>
    let e: SIMD16<Element>

    @inline(__always)
    init(_ bins: UnsafePointer<Element>, row: Int, height: Int, scale: SIMD16<Element>, inverseSquare: SIMD16<Element>)
    {
        count = loadVector(bins + 16 * row)
        exponent = Element.maximum(
            loadVector(bins + 16 * (height + row)) * scale, SIMD16(repeating: Element.negligibleExponent))
        variance = loadVector(bins + 16 * (2 * height + row)) * inverseSquare
        e = Element.exponentialBase2OfBounded(exponent)
        scaled = count * e
    }

    /// Σ e.
    @inline(__always) var mass: SIMD16<Element> { scaled.addingProduct(scaled, variance * 0.5) }
    /// Σ e·y.
    @inline(__always) var weightedExponents: SIMD16<Element> {
        (mass * exponent).addingProduct(scaled, variance * Element(Double.log2e))
    }
    /// Σ e².
    @inline(__always) var squares: SIMD16<Element> { scaled * e * (variance * 2 + 1) }
}

/// Lane sums of Σe, Σe·y and Σe² over bins, and the first two of each bin in place of p and dp/dT.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
func sumBins<Element: Scalar>(
    _ bins: UnsafePointer<Element>, height: Int, softmax: RowSoftmax, _ run: MaskedRun<Element>,
    into sums: UnsafeMutablePointer<Element>
) {
    let scale = SIMD16(repeating: Element(softmax.scale))
    let inverseSquare = SIMD16(repeating: Element(1 / (softmax.temperature * softmax.temperature)))
    var e = SIMD16<Element>(repeating: 0), ey = e, ee = e
    for row in 0..<height {
        let bin = BinVector(bins, row: row, height: height, scale: scale, inverseSquare: inverseSquare)
        let mass = bin.mass, weighted = bin.weightedExponents
        e += mass
        ey += weighted
        ee += bin.squares
        storeVector(mass, run.probability + 16 * row)
        storeVector(weighted, run.tangent + 16 * row)
    }
    storeVector(e, sums)
    storeVector(ey, sums + 16)
    storeVector(ee, sums + 32)
}

/// Turns Σe and Σe·y of each bin into mass and its derivative in T, adds them up within each lane, and leaves each
/// bin's mean p.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
func setMasses<Element: Scalar>(
    _ bins: UnsafePointer<Element>, height: Int, softmax: RowSoftmax, _ workspace: SketchWorkspace<Element>
) {
    let run = workspace.bins, inverseTotal = SIMD16(repeating: Element(1 / softmax.total))
    let mean = SIMD16(repeating: Element(softmax.meanExponent)),
        factor = SIMD16(repeating: Element(softmax.tangentFactor))
    let one = SIMD16<Element>(repeating: 1)
    var c = SIMD16<Element>(repeating: 0), dc = c
    for row in 0..<height {
        let b = loadVector(UnsafePointer(run.probability + 16 * row)) * inverseTotal
        let db = (loadVector(UnsafePointer(run.tangent + 16 * row)) * inverseTotal - mean * b) * factor
        // An empty bin has mass 0, and may be divided by anything.
        let share = one / Element.maximum(loadVector(bins + 16 * row), one)
        c += b
        dc += db
        storeVector(b, run.probability + 16 * row)
        storeVector(db, run.tangent + 16 * row)
        storeVector(b * share, workspace.mean + 16 * row)
        storeVector(db * share, workspace.meanTangent + 16 * row)
        storeVector(c, run.excess + 16 * row)
        storeVector(dc, run.excessTangent + 16 * row)
    }
    storeVector(c, run.lanes)
    storeVector(dc, run.lanes + 16)
}

/// Σ p̄/2·(m(c₁) − m(c₀)) over bins: how much a bin's steps p·m fall short of the integral of m, to first order.
///
/// A plain difference of masks is harmless here, because it counts only times p̄/2.
@inline(__always)
func endCorrections<Element: Scalar>(height: Int, mask: SoftMask, _ workspace: SketchWorkspace<Element>) -> MaskedMass {
    let bins = workspace.bins
    setDifferences(bins.excess, bins.probability, height: height, into: workspace.before)
    setDifferences(bins.excessTangent, bins.tangent, height: height, into: workspace.beforeTangent)
    setMasks(bins.excess, height: height, mask: mask, values: workspace.maskAfter, slopes: workspace.slopeAfter)
    setMasks(workspace.before, height: height, mask: mask, values: workspace.maskBefore, slopes: workspace.slopeBefore)
    sumCorrections(height: height, workspace)
    reduceLanes(UnsafePointer(workspace.lanes), count: 3, into: bins.sums)
    return MaskedMass(value: bins.sums[0] / 2, byTemperature: bins.sums[1] / 2, byTopP: bins.sums[2] / 2)
}

/// a − b.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func setDifferences<Element: Scalar>(
    _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>, height: Int, into result: UnsafeMutablePointer<Element>
) {
    for row in 0..<height { storeVector(loadVector(a + 16 * row) - loadVector(b + 16 * row), result + 16 * row) }
}

/// m at c, given c − P, and its slope: dm/dP = α·m and dm/dT = −α·m·dc/dT outside of the nucleus, 0 within.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func setMasks<Element: Scalar>(
    _ excess: UnsafePointer<Element>, height: Int, mask: SoftMask, values: UnsafeMutablePointer<Element>,
    slopes: UnsafeMutablePointer<Element>
) {
    let α = SIMD16(repeating: Element(mask.steepness)), mask = VectorSoftMask<Element>(mask)
    for row in 0..<height {
        let beyond = mask.excess(loadVector(excess + 16 * row)), m = mask(excess: beyond)
        storeVector(m, values + 16 * row)
        storeVector(α * m * indicatorOfPositive(beyond), slopes + 16 * row)
    }
}

/// Lane sums of p̄·(m₁ − m₀) and its derivatives by T and P.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func sumCorrections<Element: Scalar>(height: Int, _ workspace: SketchWorkspace<Element>) {
    var total = SIMD16<Element>(repeating: 0), byT = total, byP = total
    for row in 0..<height {
        func at(_ run: UnsafeMutablePointer<Element>) -> SIMD16<Element> { loadVector(UnsafePointer(run + 16 * row)) }
        let p = at(workspace.mean), difference = at(workspace.maskAfter) - at(workspace.maskBefore)
        let slope1 = at(workspace.slopeAfter), slope0 = at(workspace.slopeBefore)
        total.addProduct(p, difference)
        byP.addProduct(p, slope1 - slope0)
        byT.addProduct(at(workspace.meanTangent), difference)
        byT.addProduct(p, slope0 * at(workspace.beforeTangent) - slope1 * at(workspace.bins.excessTangent))
    }
    storeVector(total, workspace.lanes)
    storeVector(byT, workspace.lanes + 16)
    storeVector(byP, workspace.lanes + 32)
}

/// Lane sums of −Σ p·log(p + ε) over bins: n·(f + σ²/2·f″) with f = p·log(p + ε), of which
/// T²·f″ = p·(log(p + ε) + 3r − r²) where r = p/(p + ε).
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
func entropyOfBins<Element: Scalar>(
    _ bins: UnsafePointer<Element>, height: Int, softmax: RowSoftmax, into sums: UnsafeMutablePointer<Element>
) {
    let scale = SIMD16(repeating: Element(softmax.scale))
    let inverseSquare = SIMD16(repeating: Element(1 / (softmax.temperature * softmax.temperature)))
    let inverseTotal = SIMD16(repeating: Element(1 / softmax.total)),
        offset = SIMD16(repeating: Element(FeatureTerms.entropyOffset))
    var total = SIMD16<Element>(repeating: 0)
    for row in 0..<height {
        let bin = BinVector(bins, row: row, height: height, scale: scale, inverseSquare: inverseSquare)
        let p = bin.e * inverseTotal, shifted = p + offset, logarithm = Element.logarithm(shifted), r = p / shifted
        let second = logarithm + r * (3 - r)
        total -= bin.count * p * (logarithm + bin.variance * 0.5 * second)
    }
    storeVector(total, sums)
}
