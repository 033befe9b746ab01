import Foundation
import Tensor

// The fused pass over sketches. The exact logits are one run of tokens; the bins stand for all others. With
// s = (μ − l₀)/T and v = σ²/T² for a bin of n logits, Σ f(l) over it is n·(f(μ) + σ²/2·f″(μ)), so its mass is
// n·e^s·(1 + v/2) and its Σ e² is n·e^2s·(1 + 2v). Everything else, derivatives included, follows from these masses
// exactly.

/// Work memory of one thread: the run of exact logits, and for each bin mass, cumulative mass and mask.
final class SketchWorkspace<Element: Scalar> {
    let run: MaskedRun<Element>
    /// Bins as a run of places: `excess` holds c₁ − P, `probability` the mass, and so their derivatives.
    let bins: MaskedRun<Element>
    /// Mean p of each bin, and its derivative in T.
    let mean: UnsafeMutablePointer<Element>
    let meanTangent: UnsafeMutablePointer<Element>
    let lanes: UnsafeMutablePointer<Element>
    let sums: UnsafeMutablePointer<Double>

    init(exactHeight: Int, binHeight: Int) {
        run = MaskedRun(height: exactHeight)
        bins = MaskedRun(height: binHeight)
        func memory(_ count: Int) -> UnsafeMutablePointer<Element> {
            UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Element>.stride, alignment: 64)
                .bindMemory(to: Element.self, capacity: count)
        }
        (mean, meanTangent, lanes) = (memory(binHeight * 16), memory(binHeight * 16), memory(128))
        sums = .allocate(capacity: 8)
    }

    deinit {
        for p in [mean, meanTangent, lanes] { p.deallocate() }
        sums.deallocate()
    }
}

extension LogitSketches {
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func losses(
        temperature: Tensor<Element>, topP: Tensor<Element>, constants: LossConstants
    ) -> TokenLosses<Element> {
        depths.withUnsafeBufferPointer { depths in
            bins.withUnsafeBufferPointer { bins in
                nonisolated(unsafe) let depths = depths.baseAddress, bins = bins.baseAddress
                let depthWidth = exactHeight * 16, binWidth = hasTail ? 3 * binHeight * 16 : 0
                return TokenLosses(
                    temperature: temperature, topP: topP, constants: constants,
                    makeWorkspace: { SketchWorkspace<Element>(exactHeight: exactHeight, binHeight: binHeight) }
                ) { workspace, token, t, p in
                    terms(
                        token, depths! + token * depthWidth, bins.map { $0 + token * binWidth }, temperature: t,
                        mask: SoftMask(topP: p, steepness: constants.steepness), workspace)
                }
            }
        }
    }

    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func features(temperature: Tensor<Element>) -> Tensor<Element> {
        depths.withUnsafeBufferPointer { depths in
            bins.withUnsafeBufferPointer { bins in
                nonisolated(unsafe) let depths = depths.baseAddress, bins = bins.baseAddress
                let depthWidth = exactHeight * 16, binWidth = hasTail ? 3 * binHeight * 16 : 0
                return FeatureTerms.tensor(
                    temperature: temperature, vocabularySize: vocabularySize,
                    makeWorkspace: { SketchWorkspace<Element>(exactHeight: exactHeight, binHeight: binHeight) }
                ) { workspace, token, t in
                    featureTerms(depths! + token * depthWidth, bins.map { $0 + token * binWidth }, temperature: t, workspace)
                }
            }
        }
    }

    /// Sums over exact logits and bins.
    @inline(__always)
    private func sweep(
        _ x: UnsafePointer<Element>, _ bins: UnsafePointer<Element>?, temperature: Double, _ workspace: SketchWorkspace<Element>
    ) -> RowSoftmax {
        var softmax = RowSoftmax(temperature: temperature)
        sumExponentials(x, vectors: exactHeight, scale: Element(softmax.scale), into: workspace.lanes)
        if let bins, hasTail {
            sumBins(bins, height: binHeight, softmax: softmax, into: workspace.lanes + 64)
            reduceLanes(UnsafePointer(workspace.lanes), count: 7, into: workspace.sums)
        } else {
            reduceLanes(UnsafePointer(workspace.lanes), count: 4, into: workspace.sums)
            for i in 4..<7 { workspace.sums[i] = 0 }
        }
        softmax.total = workspace.sums[0] + workspace.sums[4]
        softmax.weightedExponents = workspace.sums[1] + workspace.sums[5]
        softmax.squares = workspace.sums[2] + workspace.sums[6]
        return softmax
    }

    @inline(__always)
    private func terms(
        _ token: Int, _ x: UnsafePointer<Element>, _ bins: UnsafePointer<Element>?, temperature: Double, mask: SoftMask,
        _ workspace: SketchWorkspace<Element>
    ) -> TokenTerms {
        let softmax = sweep(x, bins, temperature: temperature, workspace), label = labels[token]
        var masked = MaskedMass(), excess = 0.0, tangent = 0.0

        let run = workspace.run
        run.setProbabilities(x, height: exactHeight, softmax: softmax)
        run.accumulate(height: exactHeight, from: 0, tangent: 0, topP: mask.topP)
        let (exactMass, exactTangent) = softmax.mass(sum: workspace.sums[0], weightedExponents: workspace.sums[1])
        if mask.isOpen {
            masked.add(exactMass, byTemperature: exactTangent, byTopP: 0)
        } else {
            masked = run.maskedMass(height: exactHeight, mask: mask)
        }

        if let bins, hasTail {
            // The integral of the mask needs no bins, only where the tail begins and ends.
            let (tail, tailTangent) = softmax.mass(sum: workspace.sums[4], weightedExponents: workspace.sums[5])
            let integral = mask.integral(from: exactMass, tangent: exactTangent, over: tail, tangent: tailTangent)
            masked.add(integral.value, byTemperature: integral.byTemperature, byTopP: integral.byTopP)

            setBins(bins, height: binHeight, softmax: softmax, workspace)
            workspace.bins.accumulate(height: binHeight, from: exactMass, tangent: exactTangent, topP: mask.topP)
            if !mask.isOpen {
                let ends = endCorrections(height: binHeight, mask: mask, workspace)
                masked.add(ends.value, byTemperature: ends.byTemperature, byTopP: ends.byTopP)
            }
            if label.isInTail {
                excess = mask.excess(Double(workspace.bins.excess[label.place]) + mask.topP)
                tangent = Double(workspace.bins.excessTangent[label.place])
            }
        }
        if !label.isInTail {
            excess = mask.excess(Double(run.excess[label.place]) + mask.topP)
            tangent = Double(run.excessTangent[label.place])
        }
        return TokenTerms(
            logProbability: softmax.logProbability(depth: label.depth),
            logProbabilityTangent: softmax.logProbabilityTangent(depth: label.depth),
            excess: excess, cumulativeTangent: tangent, masked: masked)
    }

    @inline(__always)
    private func featureTerms(
        _ x: UnsafePointer<Element>, _ bins: UnsafePointer<Element>?, temperature: Double, _ workspace: SketchWorkspace<Element>
    ) -> FeatureTerms {
        let softmax = sweep(x, bins, temperature: temperature, workspace)
        entropyOfTokens(
            x, vectors: exactHeight, scale: Element(softmax.scale), inverseTotal: Element(1 / softmax.total), into: workspace.lanes)
        if let bins, hasTail {
            entropyOfBins(bins, height: binHeight, softmax: softmax, into: workspace.lanes + 16)
        }
        reduceLanes(UnsafePointer(workspace.lanes), count: hasTail ? 2 : 1, into: workspace.sums)
        let entropy = workspace.sums[0] + (hasTail ? workspace.sums[1] : 0)
        var topFive = 0.0
        for rank in 0..<min(5, exactCount) {
            topFive += Foundation.exp(Double(x[LaneMajor.index(of: rank, height: exactHeight)]) / temperature)
        }
        return FeatureTerms(total: softmax.total, squares: softmax.squares, entropy: entropy, topFive: topFive)
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
    init(_ bins: UnsafePointer<Element>, row: Int, height: Int, scale: SIMD16<Element>, inverseSquare: SIMD16<Element>) {
        count = loadVector(bins + 16 * row)
        exponent = loadVector(bins + 16 * (height + row)) * scale
        variance = loadVector(bins + 16 * (2 * height + row)) * inverseSquare
        e = Element.exponentialBase2NotAboveOne(exponent)
        scaled = count * e
    }

    /// Σ e.
    var mass: SIMD16<Element> { scaled.addingProduct(scaled, variance * 0.5) }
    /// Σ e·y.
    var weightedExponents: SIMD16<Element> { (mass * exponent).addingProduct(scaled, variance * Element(1.442_695_040_888_963_4)) }
    /// Σ e².
    var squares: SIMD16<Element> { scaled * e * (variance * 2 + 1) }
}

/// Lane sums of Σe, Σe·y and Σe² over bins.
@inline(__always)
private func sumBins<Element: Scalar>(
    _ bins: UnsafePointer<Element>, height: Int, softmax: RowSoftmax, into sums: UnsafeMutablePointer<Element>
) {
    let scale = SIMD16(repeating: Element(softmax.scale))
    let inverseSquare = SIMD16(repeating: Element(1 / (softmax.temperature * softmax.temperature)))
    var e = SIMD16<Element>(repeating: 0), ey = e, ee = e
    for row in 0..<height {
        let bin = BinVector(bins, row: row, height: height, scale: scale, inverseSquare: inverseSquare)
        e += bin.mass
        ey += bin.weightedExponents
        ee += bin.squares
    }
    storeVector(e, sums)
    storeVector(ey, sums + 16)
    storeVector(ee, sums + 32)
}

/// Mass, mean p and their derivatives of each bin, and running sums of the masses within each lane.
@inline(__always)
private func setBins<Element: Scalar>(
    _ bins: UnsafePointer<Element>, height: Int, softmax: RowSoftmax, _ workspace: SketchWorkspace<Element>
) {
    let scale = SIMD16(repeating: Element(softmax.scale))
    let inverseSquare = SIMD16(repeating: Element(1 / (softmax.temperature * softmax.temperature)))
    let inverseTotal = SIMD16(repeating: Element(1 / softmax.total))
    let mean = SIMD16(repeating: Element(softmax.meanExponent)), factor = SIMD16(repeating: Element(softmax.tangentFactor))
    let one = SIMD16<Element>(repeating: 1)
    var c = SIMD16<Element>(repeating: 0), dc = c
    for row in 0..<height {
        let bin = BinVector(bins, row: row, height: height, scale: scale, inverseSquare: inverseSquare)
        let b = bin.mass * inverseTotal, db = (bin.weightedExponents - mean * bin.mass) * inverseTotal * factor
        // An empty bin has mass 0, and may be divided by anything.
        let count = bin.count.replacing(with: one, where: bin.count .< 1)
        c += b
        dc += db
        storeVector(b, workspace.bins.probability + 16 * row)
        storeVector(db, workspace.bins.tangent + 16 * row)
        storeVector(b / count, workspace.mean + 16 * row)
        storeVector(db / count, workspace.meanTangent + 16 * row)
        storeVector(c, workspace.bins.excess + 16 * row)
        storeVector(dc, workspace.bins.excessTangent + 16 * row)
    }
    storeVector(c, workspace.bins.lanes)
    storeVector(dc, workspace.bins.lanes + 16)
}

/// Σ p̄/2·(m(c₁) − m(c₀)) over bins: how much a bin's steps p·m fall short of the integral of m, to first order.
///
/// A plain difference of masks is harmless here, because it counts only times p̄/2.
@inline(__always)
private func endCorrections<Element: Scalar>(height: Int, mask: SoftMask, _ workspace: SketchWorkspace<Element>) -> MaskedMass {
    let bins = workspace.bins, α = SIMD16(repeating: Element(mask.steepness))
    let power = SIMD16(repeating: Element(-1.442_695_040_888_963_4 * mask.steepness))
    let cap = SIMD16(repeating: Element(1 - mask.topP)), zero = SIMD16<Element>(repeating: 0)
    var total = zero, byT = zero, byP = zero
    for row in 0..<height {
        let c1 = loadVector(UnsafePointer(bins.excess + 16 * row)), dc1 = loadVector(UnsafePointer(bins.excessTangent + 16 * row))
        let c0 = c1 - loadVector(UnsafePointer(bins.probability + 16 * row))
        let dc0 = dc1 - loadVector(UnsafePointer(bins.tangent + 16 * row))
        let inside1 = c1 .<= 0, inside0 = c0 .<= 0
        let m1 = Element.exponentialBase2NotAboveOne(
            c1.replacing(with: cap, where: c1 .> cap).replacing(with: 0, where: inside1) * power)
        let m0 = Element.exponentialBase2NotAboveOne(
            c0.replacing(with: cap, where: c0 .> cap).replacing(with: 0, where: inside0) * power)
        // dm/dP = α·m and dm/dT = −α·m·dc outside of the nucleus.
        let slope1 = (α * m1).replacing(with: 0, where: inside1), slope0 = (α * m0).replacing(with: 0, where: inside0)
        let p = loadVector(UnsafePointer(workspace.mean + 16 * row)) * 0.5
        let dp = loadVector(UnsafePointer(workspace.meanTangent + 16 * row)) * 0.5
        let difference = m1 - m0
        total.addProduct(p, difference)
        byP.addProduct(p, slope1 - slope0)
        byT.addProduct(dp, difference)
        byT.addProduct(p, slope0 * dc0 - slope1 * dc1)
    }
    storeVector(total, workspace.lanes)
    storeVector(byT, workspace.lanes + 16)
    storeVector(byP, workspace.lanes + 32)
    // `sums` still holds the row's masses.
    let sums = bins.sums
    reduceLanes(UnsafePointer(workspace.lanes), count: 3, into: sums)
    return MaskedMass(value: sums[0], byTemperature: sums[1], byTopP: sums[2])
}

/// Lane sums of −Σ p·log(p + ε) over bins: n·(f + σ²/2·f″) with f = p·log(p + ε), of which
/// T²·f″ = p·(log(p + ε) + 3r − r²) where r = p/(p + ε).
@inline(__always)
private func entropyOfBins<Element: Scalar>(
    _ bins: UnsafePointer<Element>, height: Int, softmax: RowSoftmax, into sums: UnsafeMutablePointer<Element>
) {
    let scale = SIMD16(repeating: Element(softmax.scale))
    let inverseSquare = SIMD16(repeating: Element(1 / (softmax.temperature * softmax.temperature)))
    let inverseTotal = SIMD16(repeating: Element(1 / softmax.total)), offset = SIMD16(repeating: Element(FeatureTerms.entropyOffset))
    var total = SIMD16<Element>(repeating: 0)
    for row in 0..<height {
        let bin = BinVector(bins, row: row, height: height, scale: scale, inverseSquare: inverseSquare)
        let p = bin.e * inverseTotal, shifted = p + offset, logarithm = Element.logarithm(shifted), r = p / shifted
        let second = logarithm + r * (3 - r)
        total -= bin.count * p * (logarithm + bin.variance * 0.5 * second)
    }
    storeVector(total, sums)
}
