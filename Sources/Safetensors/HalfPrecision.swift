// The two 16-bit float types by bit arithmetic.
//
// `Float16` of the standard library is a call for every element where the build does not name a machine
// with half-precision instructions; these forms are loops that the compiler turns into vectors everywhere.

#if _endian(big)
#error("safetensors is little-endian; this module copies values without swapping bytes")
#endif

/// The value of BF16 bits: the upper half of a `Float`. Exact.
@inline(__always)
func float(bfloat16 bits: UInt16) -> Float {
    Float(bitPattern: UInt32(bits) << 16)
}

/// The value of IEEE half-precision bits. Exact; NaN stays NaN.
///
/// Exponent and mantissa are moved to their places in a `Float`, which makes the value 2⁻¹¹² too small;
/// the product repairs it, subnormals included. Infinity and NaN have the exponent field of their own.
@inlinable @inline(__always)
package func float(float16 bits: UInt16) -> Float {
    let wide = UInt32(bits & 0x7FFF) << 13
    let finite = Float(bitPattern: wide) * 0x1p112
    let magnitude = wide >= 0x0F80_0000 ? wide | 0x7F80_0000 : finite.bitPattern
    return Float(bitPattern: UInt32(bits & 0x8000) << 16 | magnitude)
}

/// BF16 bits of the nearest value, ties to even; beyond the range ±∞; NaN stays NaN.
@inline(__always)
func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let rounded = (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16
    let quietNaN = bits >> 16 | 0x40
    return UInt16(truncatingIfNeeded: bits & 0x7FFF_FFFF > 0x7F80_0000 ? quietNaN : rounded)
}

/// Half-precision bits of the nearest value, ties to even; from 65,520 on ±∞; NaN stays NaN.
@inline(__always)
func float16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let magnitude = bits & 0x7FFF_FFFF
    // Rebias the exponent and round away 13 bits; a carry moves into the exponent as it should.
    let normal = (magnitude &- 0x3800_0000 &+ 0xFFF &+ (magnitude >> 13 & 1)) >> 13
    // Below 2⁻¹⁴: the steps of half precision are those of a `Float` near 0.5, so the sum rounds.
    let subnormal = (Float(bitPattern: magnitude) + 0.5).bitPattern &- 0x3F00_0000
    let quietNaN = 0x7E00 | (magnitude >> 13 & 0x3FF)
    let finite = magnitude < 0x3880_0000 ? subnormal : normal
    let result = magnitude > 0x7F80_0000 ? quietNaN : magnitude >= 0x477F_F000 ? 0x7C00 : finite
    return UInt16(truncatingIfNeeded: bits >> 16 & 0x8000 | result)
}

/// `value` as a `Float` rounded to odd: cut off, with the last bit set where anything was lost.
///
/// Rounding the result further to a type with at least two bits fewer is as good as rounding `value` itself,
/// where rounding to nearest twice is not.
@inline(__always)
func floatRoundedToOdd(_ value: Double) -> Float {
    let nearest = Float(value)
    if nearest.isNaN || Double(nearest) == value { return nearest }
    let isAway = Double(nearest).magnitude > value.magnitude
    return Float(bitPattern: (isAway ? nearest.bitPattern - 1 : nearest.bitPattern) | 1)
}
