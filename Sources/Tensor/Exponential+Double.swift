import Foundation

// The same exponentials as in Float, in Double: the polynomial is Taylor's to degree 13, whose remainder on [-½, ½] is
// below 5e-18, and the rounding constant is 1.5·2⁵².

extension Double {
    @inlinable @inline(__always)
    static var roundingConstant: SIMD16<Double> { SIMD16(repeating: 6_755_399_441_055_744) }

    /// 2^f for f in [-0.5005, 0.5005]: Σ (f·ln 2)^k / k!.
    @inlinable @inline(__always)
    static func exponentialBase2OfFraction(_ f: SIMD16<Double>) -> SIMD16<Double> {
        let g = f * 0.693_147_180_559_945_309_4
        var p = SIMD16<Double>(repeating: 1 / 479_001_600).addingProduct(SIMD16(repeating: 1 / 6_227_020_800), g)
        p = SIMD16<Double>(repeating: 1 / 39_916_800).addingProduct(p, g)
        p = SIMD16<Double>(repeating: 1 / 3_628_800).addingProduct(p, g)
        p = SIMD16<Double>(repeating: 1 / 362_880).addingProduct(p, g)
        p = SIMD16<Double>(repeating: 1 / 40_320).addingProduct(p, g)
        p = SIMD16<Double>(repeating: 1 / 5_040).addingProduct(p, g)
        p = SIMD16<Double>(repeating: 1 / 720).addingProduct(p, g)
        p = SIMD16<Double>(repeating: 1 / 120).addingProduct(p, g)
        p = SIMD16<Double>(repeating: 1 / 24).addingProduct(p, g)
        p = SIMD16<Double>(repeating: 1 / 6).addingProduct(p, g)
        p = SIMD16<Double>(repeating: 1 / 2).addingProduct(p, g)
        p = SIMD16<Double>(repeating: 1).addingProduct(p, g)
        return SIMD16<Double>(repeating: 1).addingProduct(p, g)
    }

    /// 2^y for y ≤ 0, within 2 ulp from y = −1022 on, and 0 below.
    @inlinable @inline(__always)
    public static func exponentialBase2NotAboveOne(_ y: SIMD16<Double>) -> SIMD16<Double> {
        exponentialBase2OfBounded(maximum(y, SIMD16(repeating: -1022))).replacing(with: 0, where: y .< -1022)
    }

    /// 2^y for y from −1022 to 0, within 2 ulp.
    @inlinable @inline(__always)
    public static func exponentialBase2OfBounded(_ y: SIMD16<Double>) -> SIMD16<Double> {
        let shifted = y + roundingConstant, fraction = y - (shifted - roundingConstant)
        let exponent = unsafeBitCast(shifted, to: SIMD16<Int64>.self) &<< 52
        let bits = unsafeBitCast(exponentialBase2OfFraction(fraction), to: SIMD16<Int64>.self) &+ exponent
        return unsafeBitCast(bits, to: SIMD16<Double>.self)
    }

    /// e^x over the whole range, within 2 ulp.
    @inlinable @inline(__always)
    public static func exponential(_ x: SIMD16<Double>) -> SIMD16<Double> {
        let x = x.replacing(with: -746, where: x .< -746).replacing(with: 710, where: x .> 710)
        let log2e = SIMD16<Double>(repeating: 0x1.71547652b82fep+0),
            rest = SIMD16<Double>(repeating: 0x1.777d0ffda0d24p-56)
        let shifted = roundingConstant.addingProduct(x, log2e)
        let fraction = (roundingConstant - shifted).addingProduct(x, log2e).addingProduct(x, rest)
        let n =
            unsafeBitCast(shifted, to: SIMD16<Int64>.self) &- unsafeBitCast(roundingConstant, to: SIMD16<Int64>.self)
        let half = n &>> 1
        return exponentialBase2OfFraction(fraction) * powerOfTwo(half) * powerOfTwo(n &- half)
    }

    @inlinable @inline(__always)
    static func powerOfTwo(_ n: SIMD16<Int64>) -> SIMD16<Double> {
        unsafeBitCast((n &+ SIMD16(repeating: 1023)) &<< 52, to: SIMD16<Double>.self)
    }

    /// Lane by lane through the C library: Double serves checks, where speed does not matter.
    @inlinable
    public static func logarithm(_ x: SIMD16<Double>) -> SIMD16<Double> {
        var y = SIMD16<Double>()
        for lane in 0..<16 { y[lane] = Foundation.log(x[lane]) }
        return y
    }
}
