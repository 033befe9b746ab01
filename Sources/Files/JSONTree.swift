/// A JSON document, with every key and string byte for byte as the file has it.
///
/// Foundation's decoders keep objects in dictionaries keyed by `String`, whose equality is canonical equivalence: the
/// one-scalar and the two-scalar spelling of "é" are the same key there. A vocabulary may hold both as different
/// tokens.
public indirect enum JSONTree: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONTree])
    case object([(key: String, value: JSONTree)])

    /// What this value is, for an error message.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): "\"\(value.prefix(60))\""
        case .array(let elements): "a list of \(elements.count)"
        case .object(let members): "an object of \(members.count) keys"
        }
    }

    /// Reads a whole document.
    ///
    /// - Parameter file: the name that errors carry.
    /// - Throws: ``JSONSyntaxError``.
    public init(parsing bytes: [UInt8], file: String) throws {
        var parser = JSONParser(bytes: bytes, file: file)
        self = try parser.document()
    }
}

/// Recursive descent over RFC 8259: no comments, no trailing commas, strings in valid UTF-8.
private struct JSONParser {
    let bytes: [UInt8]
    let file: String
    private var position = 0
    private var depth = 0

    /// Deeper documents are refused before they exhaust the stack.
    private static let deepest = 200

    init(bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
    }

    mutating func document() throws -> JSONTree {
        let tree = try value()
        skipWhitespace()
        guard position == bytes.count else { throw error("found \(here), expected the end of the file") }
        return tree
    }

    private mutating func value() throws -> JSONTree {
        skipWhitespace()
        switch next {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case let byte? where byte == UInt8(ascii: "-") || 0x30...0x39 ~= byte: return try number()
        default: throw error("found \(here), expected a value")
        }
    }

    private mutating func object() throws -> JSONTree {
        var members: [(key: String, value: JSONTree)] = []
        try elements(closedBy: UInt8(ascii: "}")) { parser in
            parser.skipWhitespace()
            guard parser.next == UInt8(ascii: "\"") else {
                throw parser.error("found \(parser.here), expected a key in quotes")
            }
            let key = try parser.string()
            parser.skipWhitespace()
            guard parser.take(UInt8(ascii: ":")) else {
                throw parser.error("found \(parser.here), expected a colon after the key")
            }
            members.append((key, try parser.value()))
        }
        return .object(members)
    }

    private mutating func array() throws -> JSONTree {
        var values: [JSONTree] = []
        try elements(closedBy: UInt8(ascii: "]")) { parser in values.append(try parser.value()) }
        return .array(values)
    }

    /// The comma-separated inside of an object or array, from its opening bracket to `closing`.
    private mutating func elements(closedBy closing: UInt8, element: (inout JSONParser) throws -> Void) throws {
        depth += 1
        guard depth <= Self.deepest else { throw error("nested deeper than \(Self.deepest) levels") }
        defer { depth -= 1 }
        position += 1
        skipWhitespace()
        if take(closing) { return }
        while true {
            try element(&self)
            skipWhitespace()
            if take(closing) { return }
            guard take(UInt8(ascii: ",")) else {
                throw error("found \(here), expected a comma or \(Character(Unicode.Scalar(closing)))")
            }
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONTree) throws -> JSONTree {
        for expected in "\(word)".utf8 {
            guard take(expected) else { throw error("found \(here), expected \(word)") }
        }
        return value
    }

    private mutating func number() throws -> JSONTree {
        let start = position
        while let byte = next, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if let integer = Int(text) { return .integer(integer) }
        guard let number = Double(text) else { throw error("found \(text), expected a number") }
        return .number(number)
    }

    private mutating func string() throws -> String {
        position += 1
        let start = position
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        if next == UInt8(ascii: "\"") {
            defer { position += 1 }
            return try text(bytes[start..<position])
        }
        var unescaped = Array(bytes[start..<position])
        while true {
            guard let byte = next else { throw error("found the end of the file inside a string") }
            if byte == UInt8(ascii: "\\") {
                try appendEscape(to: &unescaped)
                continue
            }
            guard byte >= 0x20 else { throw error("found \(here) inside a string, expected an escape for it") }
            position += 1
            if byte == UInt8(ascii: "\"") { return try text(unescaped[...]) }
            unescaped.append(byte)
        }
    }

    private func text(_ utf8: ArraySlice<UInt8>) throws -> String {
        guard let text = String(validating: utf8, as: UTF8.self) else {
            throw error("found a string that is not UTF-8")
        }
        return text
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws {
        position += 1
        let escape = next
        position += 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(bytes[position - 1])
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: String(try escapedScalar()).utf8)
        default:
            position -= 1
            throw error("found \\ before \(here), expected one of \" \\ / b f n r t u")
        }
    }

    private mutating func escapedScalar() throws -> Unicode.Scalar {
        let unit = try hexadecimalUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        if unit < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
            let low = try hexadecimalUnit()
            if 0xDC00...0xDFFF ~= low, let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) {
                return scalar
            }
        }
        throw error("found half a surrogate pair, expected both")
    }

    private mutating func hexadecimalUnit() throws -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("found \(here), expected four hexadecimal digits after \\u")
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    /// What stands at the current position, for an error message.
    private var here: String {
        guard let byte = next else { return "the end of the file" }
        return byte < 0x21 || byte > 0x7E ? "byte \(byte)" : "'\(Character(Unicode.Scalar(byte)))'"
    }

    private func error(_ problem: String) -> JSONSyntaxError {
        let line = 1 + bytes.prefix(position).count { $0 == 0x0A }
        return JSONSyntaxError(file: file, line: line, problem: problem)
    }
}
