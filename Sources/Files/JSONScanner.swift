/// A strict reader of JSON (RFC 8259) over bytes that may be hostile.
///
/// Foundation's parser drops all but one of repeated keys and does not say where a value stood; a
/// header needs both. Every method starts at `position` and leaves it behind what it read. Nesting is
/// limited, numbers that would leave `Int` are errors, and nothing here traps. The parameter `what` names
/// the value in messages, and costs nothing where there is none.
public struct JSONScanner {
    private let bytes: UnsafeRawBufferPointer
    private let file: String
    private let origin: Int
    /// The place of the next byte, counted from 0.
    public private(set) var position = 0

    private static let deepestNesting = 64

    /// - Parameters:
    ///   - bytes: the text; must outlive the scanner.
    ///   - file: the name that errors carry.
    ///   - origin: position of the first byte in the file, so that errors point into the file.
    public init(_ bytes: UnsafeRawBufferPointer, file: String, origin: Int) {
        self.bytes = bytes
        self.file = file
        self.origin = origin
    }

    /// Where the next value starts in the file.
    public mutating func nextPosition() -> Int {
        skipWhitespace()
        return origin + position
    }

    /// The error for a place in the document, the next byte by default.
    public func failure(at byte: Int? = nil, _ reason: String) -> FileError {
        FileError(.malformed, file: file, byte: byte ?? origin + position, reason)
    }

    // MARK: Containers

    /// Reads an object; `member` must read exactly the member's value.
    ///
    /// - Parameter member: gets the scanner in front of the value, the key, and the key's position in the file.
    /// - Throws: also where a key is repeated.
    public mutating func object(
        _ what: @autoclosure () -> String, member: (inout JSONScanner, _ key: String, _ byte: Int) throws -> Void
    ) throws {
        try expect("{", what())
        var seen: [String: Int] = [:]
        if take("}") { return }
        repeat {
            let byte = nextPosition()
            let key = try string("a name in \(what())")
            if let first = seen.updateValue(byte, forKey: key) {
                throw failure(
                    at: byte, "found the name \(quoted(key)) a second time, expected it only once, at byte \(first)")
            }
            try expect(":", "the value of \(quoted(key))")
            try member(&self, key, byte)
        } while take(",")
        try expect("}", "the end of \(what())", or: "','")
    }

    /// Reads an array; `element` must read exactly one element.
    public mutating func array(_ what: @autoclosure () -> String, element: (inout JSONScanner) throws -> Void) throws {
        try expect("[", what())
        if take("]") { return }
        repeat { try element(&self) } while take(",")
        try expect("]", "the end of \(what())", or: "','")
    }

    /// Reads any value and forgets it.
    public mutating func skipValue(depth: Int = 0) throws {
        guard depth < Self.deepestNesting else {
            throw failure("found more than \(Self.deepestNesting) nested values, expected fewer")
        }
        skipWhitespace()
        switch peek {
        case UInt8(ascii: "{"):
            try object("an object") { scanner, _, _ in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "["):
            try array("a list") { try $0.skipValue(depth: depth + 1) }
        case UInt8(ascii: "\""):
            _ = try string("a string")
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: try skipNumber()
        }
    }

    /// Demands that only white space is left.
    public mutating func end() throws {
        skipWhitespace()
        guard peek == nil else { throw failure("found \(found), expected nothing but spaces after the closing '}'") }
    }

    // MARK: Scalars

    /// Reads a whole number from 0 to `Int.max`.
    public mutating func size(_ what: @autoclosure () -> String) throws -> Int {
        skipWhitespace()
        let start = position
        while let byte = peek, Self.isNumberByte(byte) { position += 1 }
        let token = bytes[start..<position]
        if let value = Self.wholeNumber(token) { return value }
        let text = token.isEmpty ? found : quoted(String(decoding: token.prefix(100), as: UTF8.self))
        throw failure(at: origin + start, "found \(text), expected \(what()), a whole number from 0 to \(Int.max)")
    }

    /// Reads a string; escapes are resolved, and a lone half of a surrogate pair is an error.
    public mutating func string(_ what: @autoclosure () -> String) throws -> String {
        skipWhitespace()
        guard peek == UInt8(ascii: "\"") else { throw failure("found \(found), expected \(what()), a string") }
        position += 1
        var text = ""
        while true {
            let start = position
            while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
                position += 1
            }
            text += try validated(start..<position)
            switch peek {
            case UInt8(ascii: "\""):
                position += 1
                return text
            case UInt8(ascii: "\\"):
                text.unicodeScalars.append(try escape())
            default:
                throw failure("found \(found) in \(what()), expected a closing quote")
            }
        }
    }

    /// The bytes as text, or an error at the first byte that is not UTF-8.
    private func validated(_ range: Range<Int>) throws -> String {
        if let text = String(validating: bytes[range], as: UTF8.self) { return text }
        var parser = UTF8.ForwardParser()
        var iterator = bytes[range].makeIterator()
        var byte = range.lowerBound
        while case .valid(let scalar) = parser.parseScalar(from: &iterator) { byte += scalar.count }
        throw failure(at: origin + byte, "found the byte 0x\(String(bytes[byte], radix: 16)), expected UTF-8 text")
    }

    private mutating func escape() throws -> Unicode.Scalar {
        let start = position
        position += 1
        guard let letter = peek else { throw failure("found \(found), expected the rest of an escape") }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let first = try fourHexDigits()
            if let scalar = Unicode.Scalar(first) { return scalar }
            let isPair =
                position + 1 < bytes.count && bytes[position] == UInt8(ascii: "\\")
                && bytes[position + 1] == UInt8(ascii: "u")
            if isPair, first < 0xDC00 {
                position += 2
                let second = try fourHexDigits()
                let joined = 0x10000 + ((first - 0xD800) << 10) + (second & 0x3FF)
                if 0xDC00..<0xE000 ~= second, let scalar = Unicode.Scalar(joined) { return scalar }
            }
            throw failure(at: origin + start, "found half of a surrogate pair, expected both halves, high before low")
        default:
            throw failure(
                at: origin + start,
                "found the escape \(quoted("\\" + String(Unicode.Scalar(letter)))), expected one that JSON knows")
        }
    }

    private mutating func fourHexDigits() throws -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("found \(found), expected four hexadecimal digits after \\u")
            }
            value = (value << 4) + UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func literal(_ word: StaticString) throws {
        for offset in 0..<word.utf8CodeUnitCount {
            guard peek == word.utf8Start[offset] else { throw failure("found \(found), expected \(word)") }
            position += 1
        }
    }

    private mutating func skipNumber() throws {
        if peek == UInt8(ascii: "-") { position += 1 }
        if peek == UInt8(ascii: "0") { position += 1 } else { try skipDigits() }
        if peek == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            position += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
    }

    private mutating func skipDigits() throws {
        guard let byte = peek, Self.isDigit(byte) else { throw failure("found \(found), expected a value") }
        while let byte = peek, Self.isDigit(byte) { position += 1 }
    }

    // MARK: Bytes

    /// The number, unless it has a sign, a leading zero or a part that is not a digit, or leaves `Int`.
    private static func wholeNumber(_ token: Slice<UnsafeRawBufferPointer>) -> Int? {
        let hasLeadingZero = token.count > 1 && token.first == UInt8(ascii: "0")
        guard token.allSatisfy(isDigit), !hasLeadingZero else { return nil }
        return Int(String(decoding: token, as: UTF8.self))
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// The next byte in words.
    private var found: String {
        guard let byte = peek else { return "the end of the text" }
        return 0x21...0x7E ~= byte ? "'\(Unicode.Scalar(byte))'" : "the byte 0x\(String(byte, radix: 16))"
    }

    private mutating func skipWhitespace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipWhitespace()
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(
        _ character: Unicode.Scalar, _ what: @autoclosure () -> String, or alternative: String? = nil
    ) throws {
        guard take(character) else {
            let expected = (alternative.map { "\($0) or " } ?? "") + "'\(character)'"
            throw failure("found \(found), expected \(expected) for \(what())")
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
    }
}
