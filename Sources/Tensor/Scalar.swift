import Foundation

/// A floating-point type that tensors, the tape and the kernels are generic over: `Float` for training, `Double` for
/// gradient checks.
///
/// Everything that differs between the two types is a requirement here, so that no other code asks which one it has.
public protocol Scalar: BinaryFloatingPoint, SIMDScalar, Sendable, Codable where Self.RawSignificand: FixedWidthInteger {
    /// Natural exponential of sixteen values, within 2 ulp over the whole range: subnormal results are rounded
    /// correctly, +∞ beyond the largest finite result, 0 below the smallest, NaN stays NaN.
    static func exponential(_ x: SIMD16<Self>) -> SIMD16<Self>

    /// 2^y of sixteen values y ≤ 0, within 2 ulp for y ≥ -126; smaller values (down to the most negative finite one)
    /// give 0. The cheapest exponential, for sums in which terms below 2^-126 count as nothing.
    static func exponentialBase2NotAboveOne(_ y: SIMD16<Self>) -> SIMD16<Self>

    /// Natural logarithm of sixteen positive normal values, within 2 ulp or 2^-23 absolute, whichever is larger.
    static func logarithm(_ x: SIMD16<Self>) -> SIMD16<Self>

    /// Scalar exponential, from the C library.
    static func exponential(_ x: Self) -> Self
    /// Scalar natural logarithm, from the C library.
    static func logarithm(_ x: Self) -> Self

    /// `c ← α·op(a)·op(b) + β·c` for row-major matrices, the BLAS routine `gemm`.
    static func gemm(_ product: GemmArguments<Self>)

    /// Whether approximations at the level of 1e-7 are acceptable: true for `Float`, whose own rounding is of that
    /// size; false for `Double`, in which every term is computed.
    static var allowsClosedForms: Bool { get }
}

extension Float: Scalar {
    public static var allowsClosedForms: Bool { true }
    public static func exponential(_ x: Float) -> Float { Foundation.exp(x) }
    public static func logarithm(_ x: Float) -> Float { Foundation.log(x) }
}

extension Double: Scalar {
    public static var allowsClosedForms: Bool { false }
    public static func exponential(_ x: Double) -> Double { Foundation.exp(x) }
    public static func logarithm(_ x: Double) -> Double { Foundation.log(x) }
}
