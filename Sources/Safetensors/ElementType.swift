/// The types of stored elements: those of the safetensors format, whose raw value is the type's name in a header, and
/// the block types of GGUF, which no safetensors file has.
///
/// Values are little-endian and packed. The first seven convert to `Float`, `Double`, `Int32` and
/// `Int` (see `StoredScalar`); the others are carried: their bytes can be read and written, their
/// values cannot be asked for. What is in a block is told by the module `GGUF`.
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

    case q40 = "Q4_0"
    case q41 = "Q4_1"
    case q50 = "Q5_0"
    case q51 = "Q5_1"
    case q80 = "Q8_0"
    case q2k = "Q2_K"
    case q3k = "Q3_K"
    case q4k = "Q4_K"
    case q5k = "Q5_K"
    case q6k = "Q6_K"
    case iq4nl = "IQ4_NL"
    case iq4xs = "IQ4_XS"
    case mxfp4 = "MXFP4"

    /// Elements that share scales and lie together, neighbours in the last dimension; 1 but for block types.
    public var blockSize: Int {
        switch self {
        case .q40, .q41, .q50, .q51, .q80, .iq4nl, .mxfp4: 32
        case .q2k, .q3k, .q4k, .q5k, .q6k, .iq4xs: 256
        default: 1
        }
    }

    /// Bytes of one element, of a block type those of a whole block.
    public var byteWidth: Int {
        switch self {
        case .f64, .i64, .u64: 8
        case .f32, .i32, .u32: 4
        case .f16, .bf16, .i16, .u16: 2
        case .u8, .i8, .bool, .f8e4m3, .f8e5m2, .f8e8m0: 1
        case .q40, .iq4nl: 18
        case .q41: 20
        case .q50: 22
        case .q51: 24
        case .q80: 34
        case .q2k: 84
        case .q3k: 110
        case .q4k: 144
        case .q5k: 176
        case .q6k: 210
        case .iq4xs: 136
        case .mxfp4: 17
        }
    }

    /// Whether values of this type can be converted, not only carried.
    public var isConvertible: Bool {
        switch self {
        case .f64, .f32, .f16, .bf16, .i64, .i32, .u8: true
        default: false
        }
    }

    /// Bytes of a tensor of this type, or nil where a size is negative, the product leaves `Int`, or the last size is
    /// no whole number of blocks.
    ///
    /// - Parameter shape: sizes; none is a scalar, which has one element.
    public func byteCount(shape: [Int]) -> Int? {
        var count = byteWidth, shape = shape
        if blockSize > 1 {
            guard let last = shape.last, last % blockSize == 0 else { return nil }
            shape[shape.count - 1] = last / blockSize
        }
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            if overflow || size < 0 { return nil }
            count = product
        }
        return count
    }

    /// The types that a safetensors file may have.
    static let ofSafetensors = allCases.filter { $0.blockSize == 1 }

    /// Their names, for messages: "F64, F32, …".
    static let names = ofSafetensors.map(\.rawValue).joined(separator: ", ")

    /// The types of blocks, which a GGUF file alone may have.
    public static let ofBlocks = allCases.filter { $0.blockSize > 1 }
}
