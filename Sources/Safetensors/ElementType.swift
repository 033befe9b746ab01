/// The element types of the safetensors format; a raw value is the type's name in a header.
///
/// Values are little-endian and packed. The first seven convert to `Float`, `Double`, `Int32` and
/// `Int` (see `StoredScalar`); the others are carried: their bytes can be read and written, their
/// values cannot be asked for.
public enum ElementType: String, CaseIterable, Sendable {
    case f64 = "F64"
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    case i64 = "I64"
    case i32 = "I32"
    case u8 = "U8"

    case f8e4m3 = "F8_E4M3"
    case f8e5m2 = "F8_E5M2"
    case f8e8m0 = "F8_E8M0"
    case i8 = "I8"
    case i16 = "I16"
    case u16 = "U16"
    case u32 = "U32"
    case u64 = "U64"
    case bool = "BOOL"

    /// Bytes of one element.
    public var byteWidth: Int {
        switch self {
        case .f64, .i64, .u64: 8
        case .f32, .i32, .u32: 4
        case .f16, .bf16, .i16, .u16: 2
        case .u8, .i8, .bool, .f8e4m3, .f8e5m2, .f8e8m0: 1
        }
    }

    /// Whether values of this type can be converted, not only carried.
    public var isConvertible: Bool {
        switch self {
        case .f64, .f32, .f16, .bf16, .i64, .i32, .u8: true
        default: false
        }
    }

    /// Bytes of a tensor of this type, or nil where a size is negative or the product leaves `Int`.
    ///
    /// - Parameter shape: sizes; none is a scalar, which has one element.
    public func byteCount(shape: [Int]) -> Int? {
        var count = byteWidth
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            if overflow || size < 0 { return nil }
            count = product
        }
        return count
    }

    /// All names, for messages: "F64, F32, …".
    static let names = allCases.map(\.rawValue).joined(separator: ", ")
}
