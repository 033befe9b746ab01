/// A tokenizer as Hugging Face publishes it in `tokenizer.json`: byte-level BPE of Llama 3, Qwen, DeepSeek and gpt-oss,
/// and SentencePiece's kinds, BPE with byte fallback and unigram, of Gemma, Mistral and Phi-3.
///
/// A text goes through these stages, each in a file of its own: added tokens are cut out (`AddedVocabulary`), the rest
/// is normalized (`TextNormalizer`), cut into pieces (`PreTokenizer`) and encoded (`TokenEncoder`); around it come
/// the tokens of the post-processor (`SpecialTokenTemplate`). The ids are those of Hugging Face's `tokenizers`, except
/// that the file's settings for truncation and padding are left aside, as `transformers` does.
public struct Tokenizer: Sendable {
    private let normalizer: TextNormalizer
    private let preTokenizer: PreTokenizer
    private let model: TokenModel
    private let addedVocabulary: AddedVocabulary
    private let template: SpecialTokenTemplate
    let decoder: TokenDecoder

    /// The id that every sequence starts with: what the post-processor puts first, or else `bos_token` where
    /// `tokenizer_config.json` says `add_bos_token`. Nil where neither asks for one.
    ///
    /// `encode` follows the post-processor alone.
    public let beginningOfSequence: Int?

    /// The id of `eos_token` in `tokenizer_config.json`; nil where there is none.
    public let endOfSequence: Int?
    /// The file that says so.
    public let configurationName: String

    init(document: JSONNode, configuration: JSONNode?, configurationName: String) throws {
        self.configurationName = configurationName
        if let version = try document["version"], try version.string() != "1.0" {
            throw version.unsupported(supported: "\"1.0\"")
        }
        normalizer = try TextNormalizer(document: document)
        preTokenizer = try PreTokenizer(document: document)
        model = try TokenModel(document: document, encodesBytes: preTokenizer.encodesBytes)
        addedVocabulary = try AddedVocabulary(document: document, vocabulary: model.vocabulary, normalizer: normalizer)
        template = try SpecialTokenTemplate(document: document)
        decoder = try TokenDecoder(document: document)

        let sequenceEnds = try SequenceEnds(configuration: configuration) { [addedVocabulary, model] in
            addedVocabulary.ids[$0] ?? model.vocabulary[$0]
        }
        beginningOfSequence = template.prefix.first ?? sequenceEnds.beginning
        endOfSequence = sequenceEnds.end
    }

    // MARK: Text to ids

    /// The ids of a text.
    ///
    /// Added tokens are recognized wherever they stand in it, special ones too.
    ///
    /// - Parameter addSpecialTokens: whether the post-processor puts its tokens around it, as Llama 3's does with BOS.
    /// - Throws: `TokenizerError.tooManySteps` where a pattern of the file does not come to an end on this text.
    public func encode(_ text: String, addSpecialTokens: Bool = true) throws(TokenizerError) -> [Int] {
        var ids = addSpecialTokens ? template.prefix : []
        var matcher = PatternMatcher()
        var encoder = TokenEncoder(model)
        try forEachSegment(of: text, token: { ids.append($0) }) { segment, isBeginning throws(TokenizerError) in
            let pieces = try preTokenizer.pieces(of: segment, isBeginning: isBeginning, matcher: &matcher)
            for range in pieces.ranges { encoder.append(pieces.text[range], to: &ids) }
        }
        if addSpecialTokens { ids += template.suffix }
        return ids
    }

    /// Cuts the text at added tokens: first at those of the text as given, then at those of the normalized text.
    private func forEachSegment(
        of text: String, token: (Int) -> Void,
        text body: (_ segment: [UInt8], _ isBeginning: Bool) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        let given = Array(text.utf8)
        for segment in addedVocabulary.segments(of: given, normalized: false) {
            switch segment {
            case .token(let id): token(id)
            case .text(let range):
                let isBeginning = range.lowerBound == 0
                let normalized = normalizer.normalize(given[range])
                for segment in addedVocabulary.segments(of: normalized, normalized: true) {
                    switch segment {
                    case .token(let id): token(id)
                    case .text(let range):
                        try body(Array(normalized[range]), isBeginning && range.lowerBound == 0)
                    }
                }
            }
        }
    }

    // MARK: Ids to text

    /// The text of ids. Bytes that are no UTF-8 become U+FFFD.
    ///
    /// - Throws: `TokenizerError.unknownID` for an id that names no token.
    public func decode(_ ids: some Sequence<Int>, skipSpecialTokens: Bool = false) throws -> String {
        var text: [UInt8] = [], state = decoder.begin()
        for id in ids { try append(id, to: &text, state: &state, skipSpecialTokens: skipSpecialTokens) }
        decoder.end(&state, &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends what is certain of the text when this id follows the ones before; nothing if it is special and those are
    /// skipped.
    func append(_ id: Int, to text: inout [UInt8], state: inout TokenDecoder.State, skipSpecialTokens: Bool) throws {
        guard let token = token(for: id) else { throw TokenizerError.unknownID(id, vocabularySize: vocabularySize) }
        if skipSpecialTokens, addedVocabulary.isSpecial(token) { return }
        decoder.append(token, &state, &text)
    }

    // MARK: Vocabulary

    /// The number of tokens, added ones included. Ids can be higher where the file leaves gaps.
    public var vocabularySize: Int {
        model.vocabulary.count + addedVocabulary.tokens.values.count { model.vocabulary[$0.content] == nil }
    }

    /// The tokens that decoding can leave out, by ascending id.
    public var specialTokens: [AddedToken] {
        addedVocabulary.tokens.values.filter(\.isSpecial).sorted { $0.id < $1.id }
    }

    /// The token of an id as the vocabulary spells it: in a byte-level vocabulary a space is "Ġ".
    public func token(for id: Int) -> String? {
        addedVocabulary.spelling(of: id) ?? model.tokens[id]
    }

    /// The id of a token, spelled as the vocabulary spells it.
    public func id(for token: String) -> Int? {
        addedVocabulary.ids[token] ?? model.vocabulary[token]
    }
}
