/// A Swift type that tensors are read into and written from: `Float`, `Double`, `Int32`, `Int`.
///
/// Every convertible element type (`ElementType.isConvertible`) reads into each of them. To a float type the
/// value is rounded to nearest where it is not representable; to an integer type a value that is not whole
/// or does not fit is an error. The two methods work on raw memory and check nothing but the types:
/// callers use `StoredTensor` and `SafetensorsWriter`.
public protocol StoredScalar: BitwiseCopyable, Sendable {
    /// The element type with the same bits.
    static var elementType: ElementType { get }

    /// Reads `count` packed elements of `type`, which need not be aligned.
    static func decode(
        _ source: UnsafeRawPointer, _ count: Int, from type: ElementType, into destination: UnsafeMutablePointer<Self>
    ) -> ConversionFailure?

    /// Writes `count` values as packed elements of `type`.
    static func encode(
        _ source: UnsafePointer<Self>, _ count: Int, as type: ElementType, into destination: UnsafeMutableRawPointer
    ) -> ConversionFailure?
}

/// Why a conversion stopped.
public enum ConversionFailure: Equatable, Sendable {
    /// There is no conversion between the two types.
    case types
    /// The element at this place is not a whole number or does not fit.
    case element(Int)
}

extension Float: StoredScalar {
    /// F32.
    public static var elementType: ElementType { .f32 }

    /// Converts stored numbers to Float.
    public static func decode(
        _ source: UnsafeRawPointer, _ count: Int, from type: ElementType, into destination: UnsafeMutablePointer<Float>
    ) -> ConversionFailure? {
        switch type {
        case .f32: copyElements(source, count, into: destination)
        case .f64: readElements(source, count, into: destination) { (value: Double) in Float(value) }
        case .f16: readElements(source, count, into: destination) { float(float16: $0) }
        case .bf16: readElements(source, count, into: destination) { float(bfloat16: $0) }
        case .i64: readElements(source, count, into: destination) { (value: Int64) in Float(value) }
        case .i32: readElements(source, count, into: destination) { (value: Int32) in Float(value) }
        case .u8: readElements(source, count, into: destination) { (value: UInt8) in Float(value) }
        default: return .types
        }
        return nil
    }

    /// Converts Float to stored numbers.
    public static func encode(
        _ source: UnsafePointer<Float>, _ count: Int, as type: ElementType, into destination: UnsafeMutableRawPointer
    ) -> ConversionFailure? {
        switch type {
        case .f32: writeElements(source, count, into: destination) { $0 }
        case .f64: writeElements(source, count, into: destination) { Double($0) }
        case .f16: writeElements(source, count, into: destination) { float16($0) }
        case .bf16: writeElements(source, count, into: destination) { bfloat16($0) }
        default: return .types
        }
        return nil
    }
}

extension Double: StoredScalar {
    /// F64.
    public static var elementType: ElementType { .f64 }

    /// Converts stored numbers to Double.
    public static func decode(
        _ source: UnsafeRawPointer, _ count: Int, from type: ElementType, into destination: UnsafeMutablePointer<Double>
    ) -> ConversionFailure? {
        switch type {
        case .f64: copyElements(source, count, into: destination)
        case .f32: readElements(source, count, into: destination) { (value: Float) in Double(value) }
        case .f16: readElements(source, count, into: destination) { Double(float(float16: $0)) }
        case .bf16: readElements(source, count, into: destination) { Double(float(bfloat16: $0)) }
        case .i64: readElements(source, count, into: destination) { (value: Int64) in Double(value) }
        case .i32: readElements(source, count, into: destination) { (value: Int32) in Double(value) }
        case .u8: readElements(source, count, into: destination) { (value: UInt8) in Double(value) }
        default: return .types
        }
        return nil
    }

    /// Converts Double to stored numbers.
    public static func encode(
        _ source: UnsafePointer<Double>, _ count: Int, as type: ElementType, into destination: UnsafeMutableRawPointer
    ) -> ConversionFailure? {
        switch type {
        case .f64: writeElements(source, count, into: destination) { $0 }
        case .f32: writeElements(source, count, into: destination) { Float($0) }
        case .f16: writeElements(source, count, into: destination) { float16(floatRoundedToOdd($0)) }
        case .bf16: writeElements(source, count, into: destination) { bfloat16(floatRoundedToOdd($0)) }
        default: return .types
        }
        return nil
    }
}

extension Int32: StoredScalar {
    /// I32.
    public static var elementType: ElementType { .i32 }

    /// Converts stored numbers to Int32.
    public static func decode(
        _ source: UnsafeRawPointer, _ count: Int, from type: ElementType, into destination: UnsafeMutablePointer<Int32>
    ) -> ConversionFailure? {
        switch type {
        case .i32: return copyElements(source, count, into: destination)
        default: return readWholeNumbers(source, count, from: type, into: destination)
        }
    }

    /// Converts Int32 to stored numbers.
    public static func encode(
        _ source: UnsafePointer<Int32>, _ count: Int, as type: ElementType, into destination: UnsafeMutableRawPointer
    ) -> ConversionFailure? {
        writeWholeNumbers(source, count, as: type, into: destination)
    }
}

extension Int: StoredScalar {
    /// I64.
    public static var elementType: ElementType { .i64 }

    /// Converts stored numbers to Int.
    public static func decode(
        _ source: UnsafeRawPointer, _ count: Int, from type: ElementType, into destination: UnsafeMutablePointer<Int>
    ) -> ConversionFailure? {
        switch type {
        case .i64: return copyElements(source, count, into: destination)
        default: return readWholeNumbers(source, count, from: type, into: destination)
        }
    }

    /// Converts Int to stored numbers.
    public static func encode(
        _ source: UnsafePointer<Int>, _ count: Int, as type: ElementType, into destination: UnsafeMutableRawPointer
    ) -> ConversionFailure? {
        writeWholeNumbers(source, count, as: type, into: destination)
    }
}
