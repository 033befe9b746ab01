import Foundation

/// A JSON text as the toolkit reads it: more forgiving than the standard where nobody is misled, stricter where a text
/// would be lost.
///
/// `NaN`, `Infinity` and `-Infinity`, which Python writes, are no error where nobody reads them; where somebody does
/// they have another type than expected. Half a surrogate pair, such as `"\ud83d"`, is no text, and neither are bytes
/// that are not UTF-8.
public struct JSONText: Sendable {
    /// As it stands in the file.
    public let bytes: [UInt8]
    /// Of the same length, for a decoder: `{}` and spaces stand for numbers that are none.
    public let readable: Data
    /// What makes the text unreadable, in words: half a surrogate pair, or what ``JSONGuard`` finds.
    public let fault: String?

    /// What some editors put in front of a file of UTF-8.
    public static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

    /// Looks at a text, which need not be JSON.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var readable = bytes, half: String?
        var place = 0, isText = false
        while place < bytes.count {
            let byte = bytes[place]
            if isText {
                if byte == UInt8(ascii: "\\") {
                    if let unit = Self.unit(bytes, place), half == nil {
                        let next = Self.unit(bytes, place + 6) ?? 0
                        if 0xd800..<0xdc00 ~= unit, 0xdc00..<0xe000 ~= next {
                            place += 6
                        } else if 0xd800..<0xe000 ~= unit {
                            half = String(decoding: bytes[place..<place + 6], as: UTF8.self)
                        }
                    }
                    place += 1
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
            } else if byte == UInt8(ascii: "\"") {
                isText = true
            } else if byte == UInt8(ascii: "N") || byte == UInt8(ascii: "I") || byte == UInt8(ascii: "-") {
                if let word = Self.notNumbers.first(where: { bytes[place...].starts(with: $0) }) {
                    let end = place + word.count
                    readable.replaceSubrange(
                        place..<end, with: "{}".utf8 + Array(repeating: 0x20, count: word.count - 2))
                    place += word.count - 1
                }
            }
            place += 1
        }
        self.readable = Data(readable)
        fault =
            JSONGuard.problem(in: Data(bytes)) ?? half.map { "holds \($0), half of a surrogate pair and no text" }
    }

    private static let notNumbers = ["NaN", "Infinity", "-Infinity"].map { Array($0.utf8) }

    /// The number that `\u` and four digits stand for.
    private static func unit(_ bytes: [UInt8], _ place: Int) -> UInt16? {
        guard place + 6 <= bytes.count, bytes[place..<place + 2].elementsEqual("\\u".utf8) else { return nil }
        return UInt16(String(decoding: bytes[place + 2..<place + 6], as: UTF8.self), radix: 16)
    }

    // MARK: Members

    /// Names and values of an object's members, in the order in which they stand there; nil for what is no object. For
    /// texts that a decoder has read: mistakes in the values are not looked for.
    public var members: [(name: String, value: ArraySlice<UInt8>)]? {
        var rest = bytes[...]
        Self.skipSpace(&rest)
        guard rest.popFirst() == UInt8(ascii: "{") else { return nil }
        var members: [(name: String, value: ArraySlice<UInt8>)] = []
        Self.skipSpace(&rest)
        while let first = rest.first, first != UInt8(ascii: "}") {
            let written = Self.value(&rest)
            Self.skipSpace(&rest)
            guard let name = try? JSONDecoder().decode(String.self, from: Data(written)),
                rest.popFirst() == UInt8(ascii: ":")
            else { return nil }
            Self.skipSpace(&rest)
            members.append((name, Self.value(&rest)))
            Self.skipSpace(&rest)
            if rest.first == UInt8(ascii: ",") { rest.removeFirst() }
            Self.skipSpace(&rest)
        }
        return members
    }

    /// The elements of an array; nil for what is no array.
    public var elements: [ArraySlice<UInt8>]? {
        var rest = bytes[...]
        Self.skipSpace(&rest)
        guard rest.popFirst() == UInt8(ascii: "[") else { return nil }
        var elements: [ArraySlice<UInt8>] = []
        Self.skipSpace(&rest)
        while let first = rest.first, first != UInt8(ascii: "]") {
            elements.append(Self.value(&rest))
            Self.skipSpace(&rest)
            if rest.first == UInt8(ascii: ",") { rest.removeFirst() }
            Self.skipSpace(&rest)
        }
        return elements
    }

    private static func skipSpace(_ rest: inout ArraySlice<UInt8>) {
        rest = rest.drop { " \t\r\n".utf8.contains($0) }
    }

    /// Takes one value off the front.
    private static func value(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = rest.startIndex
        var place = start, depth = 0, isText = false
        while place < rest.endIndex {
            let byte = rest[place]
            if isText {
                if byte == UInt8(ascii: "\\") { place += 1 } else if byte == UInt8(ascii: "\"") { isText = false }
                if !isText, depth == 0 {
                    place += 1
                    break
                }
            } else if depth == 0, ",:]} \t\r\n".utf8.contains(byte) {
                break
            } else if byte == UInt8(ascii: "\"") {
                isText = true
            } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                depth += 1
            } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
                depth -= 1
                if depth == 0 {
                    place += 1
                    break
                }
            }
            place += 1
        }
        place = min(place, rest.endIndex)
        // What a decoder has refused may stand still here.
        if place == start { place = min(start + 1, rest.endIndex) }
        defer { rest = rest[place...] }
        return rest[start..<place]
    }
}
