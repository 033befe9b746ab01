import Foundation

/// A floating-point type that tensors, the tape and the kernels are generic over: `Float` for training, `Double` for
/// gradient checks.
///
/// Everything that differs between the two types is a requirement here, so that no other code asks which one it has.
public protocol Scalar: BinaryFloatingPoint, SIMDScalar, Sendable, Codable
where Self.RawSignificand: FixedWidthInteger {
    /// Natural exponential of sixteen values, within 2 ulp over the whole range: subnormal results are rounded
    /// correctly, +∞ beyond the largest finite result, 0 below the smallest, NaN stays NaN.
    static func exponential(_ x: SIMD16<Self>) -> SIMD16<Self>

    /// 2^y of sixteen values y ≤ 0, within 2 ulp for y ≥ -126; smaller values (down to the most negative finite one)
    /// give 0. The cheapest exponential, for sums in which terms below 2^-126 count as nothing.
    static func exponentialBase2NotAboveOne(_ y: SIMD16<Self>) -> SIMD16<Self>

    /// 2^y of sixteen values from -126 to 0 (-1022 in Double), within 2 ulp; anything else gives nonsense. Without a
    /// comparison, for kernels that have bounded y already.
    static func exponentialBase2OfBounded(_ y: SIMD16<Self>) -> SIMD16<Self>

    /// The exponent to which kernels raise all lower ones, -60 or -500. Beside a largest term of 1 even a million
    /// terms of 2^-60 are nothing in Float; and their squares are still normal numbers, where subnormal ones would
    /// take a processor a hundred times as long.
    static var negligibleExponent: Self { get }

    /// Natural logarithm of sixteen positive normal values, within 2 ulp or 2^-23 absolute, whichever is larger.
    static func logarithm(_ x: SIMD16<Self>) -> SIMD16<Self>

    /// Lane by lane, `a` where x < y, else `b` (also where a comparison with NaN makes no sense).
    ///
    /// Comparisons and masks of generic vectors do not become vector code; this one does, so that generic kernels have
    /// no other.
    static func choose(
        _ a: SIMD16<Self>, _ b: SIMD16<Self>, ifLess x: SIMD16<Self>, than y: SIMD16<Self>
    ) -> SIMD16<Self>

    /// A whole number from 0 to 2²² − 1, as an integer: read off its bits, several times faster than a checked
    /// conversion.
    static func wholeNumber(_ x: Self) -> Int

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

extension Double {
    /// log₂ e, which turns exponents of e into exponents of 2.
    @inlinable public static var log2e: Double { 1.442_695_040_888_963_4 }
    /// The natural logarithm of 2, which turns exponents of 2 into exponents of e.
    @inlinable public static var ln2: Double { 0.693_147_180_559_945_3 }
}

extension Scalar {
    /// The smaller number of each lane.
    @inlinable @inline(__always)
    public static func minimum(_ a: SIMD16<Self>, _ b: SIMD16<Self>) -> SIMD16<Self> {
        choose(a, b, ifLess: a, than: b)
    }

    /// The larger number of each lane.
    @inlinable @inline(__always)
    public static func maximum(_ a: SIMD16<Self>, _ b: SIMD16<Self>) -> SIMD16<Self> {
        choose(b, a, ifLess: a, than: b)
    }
}

extension Float: Scalar {
    /// True: rounding in Float hides approximations of 1e-7.
    public static var allowsClosedForms: Bool { true }
    /// −60.
    @inlinable public static var negligibleExponent: Float { -60 }
    /// Lane by lane, `a` where x < y, else `b`.
    @inlinable @inline(__always)
    public static func choose(
        _ a: SIMD16<Float>, _ b: SIMD16<Float>, ifLess x: SIMD16<Float>, than y: SIMD16<Float>
    ) -> SIMD16<Float> { b.replacing(with: a, where: x .< y) }
    /// The whole number x, from 0 to 2²² − 1, read off its bits.
    @inlinable @inline(__always)
    public static func wholeNumber(_ x: Float) -> Int {
        Int(truncatingIfNeeded: (x + 12_582_912).bitPattern & 0x3F_FFFF)
    }
    /// e^x, from the C library.
    public static func exponential(_ x: Float) -> Float { Foundation.exp(x) }
    /// The natural logarithm, from the C library.
    public static func logarithm(_ x: Float) -> Float { Foundation.log(x) }
}

extension Double: Scalar {
    /// False: every term is computed.
    public static var allowsClosedForms: Bool { false }
    /// −500.
    @inlinable public static var negligibleExponent: Double { -500 }
    /// Lane by lane, `a` where x < y, else `b`.
    @inlinable @inline(__always)
    public static func choose(
        _ a: SIMD16<Double>, _ b: SIMD16<Double>, ifLess x: SIMD16<Double>, than y: SIMD16<Double>
    ) -> SIMD16<Double> { b.replacing(with: a, where: x .< y) }
    /// The whole number x, from 0 to 2²² − 1, read off its bits.
    @inlinable @inline(__always)
    public static func wholeNumber(_ x: Double) -> Int {
        Int(truncatingIfNeeded: (x + 6_755_399_441_055_744).bitPattern & 0x3F_FFFF)
    }
    /// e^x, from the C library.
    public static func exponential(_ x: Double) -> Double { Foundation.exp(x) }
    /// The natural logarithm, from the C library.
    public static func logarithm(_ x: Double) -> Double { Foundation.log(x) }
}
