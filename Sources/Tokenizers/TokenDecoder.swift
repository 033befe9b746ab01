/// How tokens become text again: the member `decoder` of `tokenizer.json`.
struct TokenDecoder: Sendable {
    /// What a token stands for by itself.
    private enum Meaning {
        /// Bytes in `ByteLevelAlphabet`; a token with other characters stands for itself.
        case byteLevel
        /// Itself.
        case itself
        /// Itself, with spaces for SentencePiece's marks.
        case metaspace(Metaspace)
    }

    private var meaning = Meaning.itself
    /// Whether a space stands between two tokens: what Hugging Face does where there is no decoder.
    private var putsSpaces = false
    private var replacements: [ByteReplacement] = []
    /// Whether tokens like `<0x0A>` stand for a byte. Several in a row are characters together, or, where they are no
    /// UTF-8, a U+FFFD each.
    private var readsBytes = false
    /// How many of a character may be taken away at the beginning of the text.
    private var strip: (character: [UInt8], count: Int) = ([], 0)

    /// Where a text stands.
    struct State: Sendable {
        fileprivate var isFirst = true
        /// Bytes of a run that the next token may go on.
        fileprivate var run: [UInt8] = []
        /// How many characters may still be taken away; 0 behind the first that stays.
        fileprivate var strippable: Int
    }

    init(document: JSONNode) throws {
        guard let node = try document["decoder"] else {
            putsSpaces = true
            return
        }
        var chain: [String] = []
        try append(node, to: &chain)
    }

    private static let supported =
        "ByteLevel or Metaspace (first), Replace, ByteFallback, then Fuse, then Strip (at the start), or null"

    /// Reads a decoder that stands after those of `chain`. The order is the published one: tokens are rewritten, bytes
    /// put together, and the whole text stripped; each only sees what came before it.
    private mutating func append(_ node: JSONNode, to chain: inout [String]) throws {
        let type = try node.required("type"), name = try type.string()
        switch name {
        case "Sequence":
            for member in try node.required("decoders").elements() { try append(member, to: &chain) }
            return
        case "ByteLevel" where chain.isEmpty: meaning = .byteLevel
        case "Metaspace" where chain.isEmpty: meaning = .metaspace(try Metaspace(node))
        case "Replace" where chain.allSatisfy({ $0 == "Replace" }): replacements.append(try ByteReplacement(node))
        case "ByteFallback" where chain.allSatisfy({ $0 == "Replace" }): readsBytes = true
        // ByteLevel makes one text of all tokens, as Fuse does.
        case "Fuse" where !chain.contains("Strip"): break
        case "Strip" where chain.last == "Fuse" && !["ByteLevel", "Metaspace"].contains(chain[0]): try readStrip(node)
        default: throw type.unsupported(supported: Self.supported)
        }
        chain.append(name)
    }

    private mutating func readStrip(_ node: JSONNode) throws {
        let content = try node.required("content"), character = try content.string()
        guard character.unicodeScalars.count == 1 else { throw content.unexpected("one character") }
        let stop = try node.required("stop")
        guard try stop.tokenID() == 0 else { throw stop.unsupported(supported: "0, nothing at the end") }
        strip = (Array(character.utf8), try node.required("start").tokenID())
    }

    /// The beginning of a text.
    func begin() -> State { State(strippable: strip.count) }

    /// Appends what is certain of the text when this token follows.
    func append(_ token: String, _ state: inout State, _ text: inout [UInt8]) {
        defer { state.isFirst = false }
        if putsSpaces, !state.isFirst { text.append(UInt8(ascii: " ")) }
        switch meaning {
        case .byteLevel: text += ByteLevelAlphabet.bytes(of: token) ?? Array(token.utf8)
        case .metaspace(let metaspace): text += metaspace.decoded(token, isFirst: state.isFirst).utf8
        case .itself:
            let bytes = replacements.reduce(Array(token.utf8)) { $1.applied(to: $0[...]) }
            if readsBytes, let byte = ByteTokens.byte(of: bytes) {
                state.run.append(byte)
            } else {
                endRun(&state, &text)
                appendStripped(bytes, &state, &text)
            }
        }
    }

    /// Appends what the text still lacks, and begins another one.
    func end(_ state: inout State, _ text: inout [UInt8]) {
        endRun(&state, &text)
        state = begin()
    }

    private func endRun(_ state: inout State, _ text: inout [UInt8]) {
        guard !state.run.isEmpty else { return }
        let isText = String(validating: state.run, as: UTF8.self) != nil
        let run = isText ? state.run : state.run.flatMap { _ in Array("\u{FFFD}".utf8) }
        state.run = []
        appendStripped(run, &state, &text)
    }

    private func appendStripped(_ bytes: [UInt8], _ state: inout State, _ text: inout [UInt8]) {
        var rest = bytes[...]
        while state.strippable > 0, !rest.isEmpty {
            guard rest.starts(with: strip.character) else {
                state.strippable = 0
                break
            }
            rest = rest.dropFirst(strip.character.count)
            state.strippable -= 1
        }
        text += rest
    }
}
