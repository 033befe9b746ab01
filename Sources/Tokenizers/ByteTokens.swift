/// The tokens `<0x00>` to `<0xFF>` that stand for bytes, as far as a vocabulary has them.
struct ByteTokens: Sendable {
    private let ids: [Int?]

    init(_ vocabulary: ByteStringTable) {
        ids = (0...255).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return vocabulary["<0x\(byte < 16 ? "0" : "")\(digits)>"]
        }
    }

    /// The tokens of some bytes; nil where one has none.
    func ids(of bytes: ArraySlice<UInt8>) -> [Int]? {
        let found = bytes.compactMap { ids[Int($0)] }
        return found.count == bytes.count ? found : nil
    }

    /// The byte that a token stands for.
    static func byte(of token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token.last == UInt8(ascii: ">"),
            let high = digit(token[3]), let low = digit(token[4])
        else { return nil }
        return high << 4 | low
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        Character(Unicode.Scalar(character)).hexDigitValue.map(UInt8.init)
    }
}
