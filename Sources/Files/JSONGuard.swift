import Foundation

/// What Foundation's JSON readers must not be given: they end the process on bytes that are not UTF-8 and on documents
/// that are nested deeply. Whatever comes from a file is looked at here before.
public enum JSONGuard {
    /// Deeper documents are refused before they exhaust the stack.
    public static let deepest = 200

    /// What is wrong with a document; nil where Foundation may read it.
    ///
    /// - Parameters:
    ///   - data: the document.
    ///   - isJSON5: whether comments and strings in single quotes may stand in it.
    /// - Returns: a part of a sentence, such as "byte 17 is not UTF-8".
    public static func problem(in data: Data, isJSON5: Bool = false) -> String? {
        data.withUnsafeBytes { bytes in
            if let place = firstInvalidByte(bytes) { return "byte \(place) is not UTF-8" }
            return tooDeep(bytes, isJSON5: isJSON5).map { "it is nested deeper than \(deepest) levels at byte \($0)" }
        }
    }

    private static func firstInvalidByte(_ bytes: UnsafeRawBufferPointer) -> Int? {
        if String(validating: bytes, as: UTF8.self) != nil { return nil }
        // Which one it is matters only where there is one.
        var low = 0, position = 0
        var iterator = bytes.makeIterator(), decoder = UTF8()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar):
                position += UTF8.width(scalar)
                low = position
            case .emptyInput: return low
            case .error: return position
            }
        }
    }

    private static func tooDeep(_ bytes: UnsafeRawBufferPointer, isJSON5: Bool) -> Int? {
        var depth = 0, quote: UInt8 = 0, position = 0
        while position < bytes.count {
            let byte = bytes[position]
            if quote != 0 {
                if byte == UInt8(ascii: "\\") { position += 1 } else if byte == quote { quote = 0 }
            } else {
                switch byte {
                case UInt8(ascii: "\""): quote = byte
                case UInt8(ascii: "'") where isJSON5: quote = byte
                case UInt8(ascii: "/") where isJSON5: position = endOfComment(bytes, position)
                case UInt8(ascii: "["), UInt8(ascii: "{"):
                    depth += 1
                    if depth > deepest { return position }
                case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
                default: break
                }
            }
            position += 1
        }
        return nil
    }

    /// The last byte of a comment that begins here; this one where none does.
    private static func endOfComment(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int {
        guard start + 1 < bytes.count else { return start }
        switch bytes[start + 1] {
        case UInt8(ascii: "/"):
            return bytes[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
        case UInt8(ascii: "*"):
            var position = start + 2
            while position + 1 < bytes.count {
                if bytes[position] == UInt8(ascii: "*"), bytes[position + 1] == UInt8(ascii: "/") {
                    return position + 1
                }
                position += 1
            }
            return bytes.count
        default: return start
        }
    }
}

extension JSONDecoder {
    /// Decodes a document that may be hostile.
    ///
    /// - Throws: `DecodingError`: of kind `dataCorrupted` for what ``JSONGuard`` finds, else as `decode` does.
    public func decodeGuarded<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        if let problem = JSONGuard.problem(in: data, isJSON5: allowsJSON5) {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: problem))
        }
        return try decode(type, from: data)
    }
}
