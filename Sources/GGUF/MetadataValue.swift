/// The types of metadata; a raw value is what stands for one in a file.
enum MetadataType: UInt32, Sendable, CaseIterable {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    /// Bytes of a value; of a text or a list the least that one takes.
    var leastBytes: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64, .string: 8
        case .array: 12
        }
    }
}

/// A value of a GGUF file's metadata.
public struct MetadataValue: Sendable {
    /// What it is; numbers of all sizes in the widest of their kind.
    public enum Content: Sendable {
        case unsigned(UInt64)
        case signed(Int64)
        case float(Double)
        case bool(Bool)
        case text(String)
        /// Elements are read from the file when they are asked for.
        case list(count: Int)
    }

    public let content: Content
    /// Where it begins in the file.
    let byte: Int
    /// Of a list: what its elements are, and where the first begins.
    let elements: (type: MetadataType, byte: Int)?

    /// Lists may hold lists; deeper ones are refused before they exhaust the stack.
    private static let deepest = 8

    /// Reads a value with its type before it.
    init(_ reader: inout ByteReader, key: String) throws {
        let type = try Self.type(&reader, "the value of \(key)")
        byte = reader.position
        guard type == .array else {
            content = try Self.scalar(&reader, type, key)
            elements = nil
            return
        }
        let (element, count) = try Self.list(&reader, key)
        (content, elements) = (.list(count: count), (element, reader.position))
        try Self.skip(&reader, count, of: element, key, depth: 1)
    }

    private static func type(_ reader: inout ByteReader, _ what: String) throws -> MetadataType {
        let start = reader.position, number = try reader.number("the type of \(what)", as: UInt32.self)
        guard let type = MetadataType(rawValue: number) else {
            throw reader.failure(
                at: start, "found the type \(number) for \(what), expected 0 to \(MetadataType.allCases.count - 1)")
        }
        return type
    }

    /// The head of a list: type and number of its elements.
    private static func list(_ reader: inout ByteReader, _ key: String) throws -> (MetadataType, Int) {
        let type = try Self.type(&reader, "the elements of \(key)")
        return (type, try reader.count("elements of \(key)", leastBytes: type.leastBytes))
    }

    /// Passes over the elements of a list, each held against its form.
    private static func skip(
        _ reader: inout ByteReader, _ count: Int, of type: MetadataType, _ key: String, depth: Int
    ) throws {
        switch type {
        case .string:
            for _ in 0..<count { try reader.skipText("an element of \(key)") }
        case .array:
            for _ in 0..<count {
                guard depth < deepest else {
                    throw reader.failure(
                        at: reader.position, "found lists inside of lists in \(key), expected at most \(deepest) levels"
                    )
                }
                let (type, count) = try list(&reader, key)
                try skip(&reader, count, of: type, key, depth: depth + 1)
            }
        case .bool:
            for _ in 0..<count { _ = try scalar(&reader, .bool, key) }
        default:
            // The count was held against the bytes that follow.
            try reader.skip(count * type.leastBytes, "the elements of \(key)")
        }
    }

    static func scalar(_ reader: inout ByteReader, _ type: MetadataType, _ key: String) throws -> Content {
        let what = "the value of \(key)"
        switch type {
        case .uint8: return .unsigned(UInt64(try reader.number(what, as: UInt8.self)))
        case .uint16: return .unsigned(UInt64(try reader.number(what, as: UInt16.self)))
        case .uint32: return .unsigned(UInt64(try reader.number(what, as: UInt32.self)))
        case .uint64: return .unsigned(try reader.number(what, as: UInt64.self))
        case .int8: return .signed(Int64(try reader.number(what, as: Int8.self)))
        case .int16: return .signed(Int64(try reader.number(what, as: Int16.self)))
        case .int32: return .signed(Int64(try reader.number(what, as: Int32.self)))
        case .int64: return .signed(try reader.number(what, as: Int64.self))
        case .float32: return .float(Double(try reader.number(what, as: Float.self)))
        case .float64: return .float(try reader.number(what, as: Double.self))
        case .string: return .text(try reader.text(what))
        case .bool:
            let start = reader.position, number = try reader.number(what, as: UInt8.self)
            guard number < 2 else {
                throw reader.failure(at: start, "found \(number) as \(what), expected 0 or 1: false or true")
            }
            return .bool(number == 1)
        case .array:
            throw reader.failure(at: reader.position, "found a list as \(what), expected a single value")
        }
    }

    /// What it is, for a message.
    var kind: String {
        switch content {
        case .unsigned(let number): "\(number)"
        case .signed(let number): "\(number)"
        case .float(let number): "\(number)"
        case .bool(let bool): "\(bool)"
        case .text(let text): text.utf8.count > 60 ? "a text" : "\"\(text)\""
        case .list(let count): "a list of \(count)"
        }
    }

    /// A whole number that fits, or nil.
    var integer: Int? {
        switch content {
        case .unsigned(let number): Int(exactly: number)
        case .signed(let number): Int(exactly: number)
        default: nil
        }
    }

    /// A finite number, or nil.
    var number: Double? {
        switch content {
        case .float(let number): number.isFinite ? number : nil
        default: integer.map(Double.init)
        }
    }
}
