import Tensor

/// One run of tokens in lane-major order, whose masked mass is summed token by token.
///
/// Work memory of one thread; a class because it owns that memory.
final class MaskedRun<Element: Scalar> {
    /// Cumulative probability minus P, and its derivative in T, of each place of the run.
    let excess: UnsafeMutablePointer<Element>
    let excessTangent: UnsafeMutablePointer<Element>
    /// p and dp/dT of each place; before normalising, e and y.
    let probability: UnsafeMutablePointer<Element>
    let tangent: UnsafeMutablePointer<Element>
    /// Lane totals and results.
    let lanes: UnsafeMutablePointer<Element>
    let sums: UnsafeMutablePointer<Double>

    init(height: Int) {
        let size = height * 16
        (excess, excessTangent) = (vectorMemory(size), vectorMemory(size))
        (probability, tangent) = (vectorMemory(size), vectorMemory(size))
        lanes = vectorMemory(64)
        sums = .allocate(capacity: 8)
    }

    deinit {
        for p in [excess, excessTangent, probability, tangent, lanes] { p.deallocate() }
        sums.deallocate()
    }

    /// e and y at each place of a run of depths, in place of p and dp/dT, and lane sums of Σe, Σe·y, Σe² and Σe²·y.
    @inline(never)
    func setExponentials(_ x: UnsafePointer<Element>, height: Int, scale: Element, sums: UnsafeMutablePointer<Element>)
    {
        var e0 = SIMD16<Element>(repeating: 0), ey0 = e0, ee0 = e0, eey0 = e0
        let scale = SIMD16<Element>(repeating: scale), smallest = SIMD16(repeating: Element.negligibleExponent)
        for row in 0..<height {
            let y = Element.maximum(loadVector(x + 16 * row) * scale, smallest),
                e = Element.exponentialBase2OfBounded(y)
            let ee = e * e
            e0 += e
            ey0.addProduct(e, y)
            ee0 += ee
            eey0.addProduct(ee, y)
            storeVector(e, probability + 16 * row)
            storeVector(y, tangent + 16 * row)
        }
        storeVector(e0, sums)
        storeVector(ey0, sums + 16)
        storeVector(ee0, sums + 32)
        storeVector(eey0, sums + 48)
    }

    /// Turns e and y into p and dp/dT, and adds them up within each lane.
    @inline(never)
    func normalise(height: Int, softmax: RowSoftmax) {
        let inverseTotal = SIMD16(repeating: Element(1 / softmax.total)),
            mean = SIMD16(repeating: Element(softmax.meanExponent))
        let factor = SIMD16(repeating: Element(softmax.tangentFactor))
        var c = SIMD16<Element>(repeating: 0), dc = c
        for row in 0..<height {
            let p = loadVector(UnsafePointer(probability + 16 * row)) * inverseTotal
            let dp = p * (loadVector(UnsafePointer(tangent + 16 * row)) - mean) * factor
            c += p
            dc += dp
            storeVector(p, probability + 16 * row)
            storeVector(dp, tangent + 16 * row)
            storeVector(c, excess + 16 * row)
            storeVector(dc, excessTangent + 16 * row)
        }
        storeVector(c, lanes)
        storeVector(dc, lanes + 16)
    }

    /// Turns running sums within lanes into c − P and dc/dT, given c and dc/dT before the run.
    @inline(never)
    func accumulate(height: Int, from c0: Double, tangent dc0: Double, topP: Double) {
        LaneMajor.exclusiveLaneSums(lanes, start: c0 - topP, lanes + 16, start: dc0)
        let offset = loadVector(UnsafePointer(lanes)), tangentOffset = loadVector(UnsafePointer(lanes + 16))
        for row in 0..<height {
            storeVector(loadVector(UnsafePointer(excess + 16 * row)) + offset, excess + 16 * row)
            storeVector(loadVector(UnsafePointer(excessTangent + 16 * row)) + tangentOffset, excessTangent + 16 * row)
        }
    }

    /// Σ p·m over the run after ``normalise`` and ``accumulate``.
    ///
    /// d(p·m)/dT = dp·m − α·p·m·dc where c > P; d(p·m)/dP = α·p·m there.
    @inline(never)
    func maskedMass(height: Int, mask: SoftMask) -> MaskedMass {
        let α = SIMD16(repeating: Element(mask.steepness)), vectorMask = VectorSoftMask<Element>(mask)
        let zero = SIMD16<Element>(repeating: 0)
        var total = zero, byT = zero, outside = zero
        for row in 0..<height {
            let p = loadVector(UnsafePointer(probability + 16 * row)),
                dp = loadVector(UnsafePointer(tangent + 16 * row))
            let beyond = vectorMask.excess(loadVector(UnsafePointer(excess + 16 * row)))
            let m = vectorMask(excess: beyond), pm = p * m
            let pmOutside = pm * indicatorOfPositive(beyond)
            total += pm
            outside += pmOutside
            byT.addProduct(dp, m)
            byT -= pmOutside * loadVector(UnsafePointer(excessTangent + 16 * row)) * α
        }
        storeVector(total, lanes)
        storeVector(byT, lanes + 16)
        storeVector(outside, lanes + 32)
        reduceLanes(UnsafePointer(lanes), count: 3, into: sums)
        return MaskedMass(value: sums[0], byTemperature: sums[1], byTopP: mask.steepness * sums[2])
    }
}

/// 1 where x > 0 and 0 where x is 0, for 0 ≤ x ≤ 1, without a comparison.
@inline(__always)
func indicatorOfPositive<Element: Scalar>(_ x: SIMD16<Element>) -> SIMD16<Element> {
    Element.minimum(x * SIMD16(repeating: Element.greatestFiniteMagnitude), SIMD16(repeating: 1))
}
