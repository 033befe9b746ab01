/// Turns ids into text while they are being generated.
///
/// A token can end within a character, whose bytes are then kept until the next token brings the rest: what is
/// returned is always whole. Tokens that stand for one byte are kept until another one follows. All pieces and what
/// `flush` returns, put together, are `Tokenizer.decode` of all ids.
public struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skipsSpecialTokens: Bool
    private var state: TokenDecoder.State
    /// The start of a character that is not complete: at most three bytes between calls.
    private var pending: [UInt8] = []

    /// A decoder at the beginning of a text.
    public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = false) {
        self.tokenizer = tokenizer
        state = tokenizer.decoder.begin()
        skipsSpecialTokens = skipSpecialTokens
    }

    /// Takes the next id and returns the text that is now complete, which can be empty.
    ///
    /// Bytes that can no longer become a character are returned as U+FFFD.
    ///
    /// - Throws: `TokenizerError.unknownID`, and keeps its state.
    public mutating func append(_ id: Int) throws -> String {
        try tokenizer.append(id, to: &pending, state: &state, skipSpecialTokens: skipsSpecialTokens)
        let complete = pending.count - pending.lengthOfUnfinishedScalar
        defer { pending.removeFirst(complete) }
        return String(decoding: pending[..<complete], as: UTF8.self)
    }

    /// Ends the text: returns U+FFFD for a character that was begun and not completed, and is ready for another text.
    public mutating func flush() -> String {
        defer { pending = [] }
        tokenizer.decoder.end(&state, &pending)
        return String(decoding: pending, as: UTF8.self)
    }
}

extension Array<UInt8> {
    /// How many of the last bytes are the beginning of a scalar and can still become one.
    fileprivate var lengthOfUnfinishedScalar: Int {
        for length in 1...3 where length <= count {
            let first = self[count - length]
            let second = length > 1 ? self[count - length + 1] : nil
            switch first {
            case 0x80...0xBF: continue
            case 0xC2...0xDF: return length < 2 ? length : 0
            case 0xE0...0xEF: return length < 3 && second.isSecondByte(after: first) ? length : 0
            case 0xF0...0xF4: return second.isSecondByte(after: first) ? length : 0
            default: return 0
            }
        }
        return 0
    }
}

extension UInt8? {
    /// Whether a byte, if there is one, can follow `first` in UTF-8: no overlong forms, surrogates or numbers too high.
    fileprivate func isSecondByte(after first: UInt8) -> Bool {
        guard let self else { return true }
        return switch first {
        case 0xE0: self >= 0xA0
        case 0xED: self < 0xA0
        case 0xF0: self >= 0x90
        case 0xF4: self < 0x90
        default: true
        }
    }
}
