import Decoding
import Tokenizers

/// The text of one sample while it is generated: whole characters, without special tokens, up to a stop text.
public struct CompletionText {
    /// A stretch of text of one token, and the temperature that it was drawn at.
    public struct Span: Sendable, Equatable {
        public let text: String
        public let temperature: Double
    }

    private let tokenizer: Tokenizer
    private let special: Set<Int>
    private var decoder: StreamingDecoder
    private var stops: StopTexts
    private var bytes: [UInt8] = []
    /// Where each token's text ends in `bytes`.
    private var ends: [(offset: Int, temperature: Double)] = []
    /// How much `takeNew` has given, and of which token it was the last.
    private var taken = 0, takenEnds = 0

    /// - Parameter endTokens: not part of the text, as special tokens are not.
    public init(_ tokenizer: Tokenizer, stops: [String], endTokens: Set<Int>) {
        self.tokenizer = tokenizer
        self.stops = StopTexts(stops)
        special = endTokens.union(tokenizer.specialTokens.map(\.id))
        decoder = StreamingDecoder(tokenizer)
    }

    /// Whether a stop text has come.
    public var isStopped: Bool { stops.isFound }

    /// Whether anything may be shown.
    public var hasText: Bool { stops.shownCount > 0 }

    /// What may be shown so far.
    public var shown: String { String(decoding: bytes[..<stops.shownCount], as: UTF8.self) }

    /// Adds a token.
    ///
    /// - Returns: the characters that it completes; of a special token how it is spelled, though no text gets that.
    public mutating func append(_ decision: Decision) throws -> String {
        guard !special.contains(decision.token) else { return tokenizer.token(for: decision.token) ?? "" }
        let isNamed = tokenizer.token(for: decision.token) != nil
        // A row that the model has to spare names no token.
        add(
            isNamed ? try decoder.append(decision.token) : decoder.flush() + "\u{FFFD}",
            temperature: decision.temperature)
        return String(decoding: bytes[(ends.dropLast().last?.offset ?? 0)...], as: UTF8.self)
    }

    /// No more tokens come: a character that was begun becomes U+FFFD, and what was held back is shown.
    public mutating func finish() {
        add(decoder.flush(), temperature: ends.last?.temperature ?? 1)
        stops.finish()
    }

    private mutating func add(_ text: String, temperature: Double) {
        bytes += Array(text.utf8)
        ends.append((bytes.count, temperature))
        stops.append(text)
    }

    /// What may be shown since the last call, token by token.
    public mutating func takeNew() -> [Span] {
        var spans: [Span] = []
        while taken < stops.shownCount, takenEnds < ends.count {
            let (end, temperature) = ends[takenEnds]
            let stop = min(end, stops.shownCount)
            if stop > taken {
                spans.append(Span(text: String(decoding: bytes[taken..<stop], as: UTF8.self), temperature: temperature))
            }
            taken = max(taken, stop)
            if end <= stops.shownCount { takenEnds += 1 }
        }
        return spans
    }
}
