/// GPT-2's alphabet: every byte has a printable character, so that a vocabulary of strings can hold any bytes.
///
/// The printable characters of Latin-1 stand for themselves; the other 68 bytes become U+0100, U+0101, … in order: a
/// space is "Ġ", a line feed "Ċ".
package enum ByteLevelAlphabet {
    private static let printable: [ClosedRange<UInt8>] = [0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF]

    /// The character of every byte.
    package static let characters: [Unicode.Scalar] = {
        var next: UInt16 = 0x100
        return (UInt8.min...UInt8.max).map { byte in
            if printable.contains(where: { $0.contains(byte) }) { return Unicode.Scalar(byte) }
            defer { next += 1 }
            return Unicode.Scalar(next) ?? "?"
        }
    }()

    /// The byte of every character, by its scalar's value.
    private static let bytes: [UInt8?] = {
        var bytes = [UInt8?](repeating: nil, count: 0x100 + 68)
        for (byte, character) in characters.enumerated() { bytes[Int(character.value)] = UInt8(byte) }
        return bytes
    }()

    /// The UTF-8 of every byte's character; all have one byte or two.
    private static let utf8: [(first: UInt8, second: UInt8?)] = characters.map { character in
        let bytes = character.utf8Bytes
        return (bytes[0], bytes.count > 1 ? bytes[1] : nil)
    }

    /// Appends the characters of `text`, as UTF-8.
    static func append(_ text: ArraySlice<UInt8>, to encoded: inout [UInt8]) {
        let utf8 = Self.utf8
        for byte in text {
            let character = utf8[Int(byte)]
            encoded.append(character.first)
            if let second = character.second { encoded.append(second) }
        }
    }

    /// The bytes that `token` stands for; nil if one of its characters is not of the alphabet.
    static func bytes(of token: String) -> [UInt8]? {
        let bytes = Self.bytes
        var decoded: [UInt8] = []
        for character in token.unicodeScalars {
            guard character.value < bytes.count, let byte = bytes[Int(character.value)] else { return nil }
            decoded.append(byte)
        }
        return decoded
    }
}
