// Sixteen exponentials or logarithms at a time, in Float.
//
// e^x = 2^n · 2^f with n = round(x·log₂e) and f in [-½, ½]. The polynomial for 2^f is a minimax fit of degree 6 with
// p(0) = 1; its largest relative error is 2e-9, so what remains is the rounding of the last operations. Rounding to an
// integer is done by adding and subtracting 1.5·2²³: the low bits of the sum are then n itself.

extension Float {
    @inlinable @inline(__always)
    static var roundingConstant: SIMD16<Float> { SIMD16(repeating: 12_582_912) }

    /// 2^f for f in [-0.5005, 0.5005].
    @inlinable @inline(__always)
    static func exponentialBase2OfFraction(_ f: SIMD16<Float>) -> SIMD16<Float> {
        var p = SIMD16<Float>(repeating: 1.339_900_3e-3).addingProduct(SIMD16(repeating: 1.535_325_8e-4), f)
        p = SIMD16<Float>(repeating: 9.618_438_6e-3).addingProduct(p, f)
        p = SIMD16<Float>(repeating: 5.550_332_16e-2).addingProduct(p, f)
        p = SIMD16<Float>(repeating: 2.402_264_8e-1).addingProduct(p, f)
        p = SIMD16<Float>(repeating: 6.931_472e-1).addingProduct(p, f)
        return SIMD16<Float>(repeating: 1).addingProduct(p, f)
    }

    /// 2^y for y ≤ 0, within 2 ulp from y = −126 on, and 0 below.
    @inlinable @inline(__always)
    public static func exponentialBase2NotAboveOne(_ y: SIMD16<Float>) -> SIMD16<Float> {
        exponentialBase2OfBounded(y).replacing(with: 0, where: y .< -126)
    }

    /// 2^y for y from −126 to 0, within 2 ulp.
    @inlinable @inline(__always)
    public static func exponentialBase2OfBounded(_ y: SIMD16<Float>) -> SIMD16<Float> {
        let shifted = y + roundingConstant, fraction = y - (shifted - roundingConstant)
        // The integer sits in the low bits of `shifted`; moved to the exponent's place it multiplies by 2^n.
        let exponent = unsafeBitCast(shifted, to: SIMD16<Int32>.self) &<< 23
        let bits = unsafeBitCast(exponentialBase2OfFraction(fraction), to: SIMD16<Int32>.self) &+ exponent
        return unsafeBitCast(bits, to: SIMD16<Float>.self)
    }

    /// e^x over the whole range, within 2 ulp.
    @inlinable @inline(__always)
    public static func exponential(_ x: SIMD16<Float>) -> SIMD16<Float> {
        // Beyond these bounds the result is 0 or +∞ anyway, and n stays small enough for the two-step scaling.
        let x = x.replacing(with: -105, where: x .< -105).replacing(with: 90, where: x .> 90)
        let log2e = SIMD16<Float>(repeating: 1.442_695_02), log2eRest = SIMD16<Float>(repeating: 1.925_963_03e-8)
        let shifted = roundingConstant.addingProduct(x, log2e)
        let fraction = (roundingConstant - shifted).addingProduct(x, log2e).addingProduct(x, log2eRest)
        // 2^n in two halves: a result below the smallest normal number is rounded once, by the second product.
        let n =
            unsafeBitCast(shifted, to: SIMD16<Int32>.self) &- unsafeBitCast(roundingConstant, to: SIMD16<Int32>.self)
        let half = n &>> 1
        return exponentialBase2OfFraction(fraction) * powerOfTwo(half) * powerOfTwo(n &- half)
    }

    @inlinable @inline(__always)
    static func powerOfTwo(_ n: SIMD16<Int32>) -> SIMD16<Float> {
        unsafeBitCast((n &+ SIMD16(repeating: 127)) &<< 23, to: SIMD16<Float>.self)
    }

    /// x = 2^n · m with m in [√½, √2]; log(1 + r) = r + r²·q(r), q a minimax fit of degree 8 (error 4e-9 · |r|).
    @inlinable @inline(__always)
    public static func logarithm(_ x: SIMD16<Float>) -> SIMD16<Float> {
        let bits = unsafeBitCast(x, to: SIMD16<Int32>.self)
        let offset = bits &- SIMD16(repeating: 0x3F35_04F3)  // √½: splits the exponent there
        let n = offset &>> 23
        let mantissa = unsafeBitCast(bits &- (n &<< 23), to: SIMD16<Float>.self)
        // n as a float without a conversion: its bits on top of the rounding constant's.
        let nFloat =
            unsafeBitCast(n &+ unsafeBitCast(roundingConstant, to: SIMD16<Int32>.self), to: SIMD16<Float>.self)
            - roundingConstant
        let r = mantissa - 1
        var q = SIMD16<Float>(repeating: 0.130_048_32).addingProduct(SIMD16(repeating: -0.078_233_81), r)
        q = SIMD16<Float>(repeating: -0.132_087_94).addingProduct(q, r)
        q = SIMD16<Float>(repeating: 0.141_634_69).addingProduct(q, r)
        q = SIMD16<Float>(repeating: -0.166_111_5).addingProduct(q, r)
        q = SIMD16<Float>(repeating: 0.200_030_16).addingProduct(q, r)
        q = SIMD16<Float>(repeating: -0.250_015_22).addingProduct(q, r)
        q = SIMD16<Float>(repeating: 0.333_333_08).addingProduct(q, r)
        q = SIMD16<Float>(repeating: -0.499_999_89).addingProduct(q, r)
        // Small terms first: the last addition alone rounds at the size of the result.
        let low = (q * (r * r)).addingProduct(nFloat, SIMD16(repeating: -2.121_944_4e-4))
        return (r + low).addingProduct(nFloat, SIMD16(repeating: 0.693_359_375))
    }
}
