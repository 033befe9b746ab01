/// Cuts a text into the pieces that byte-pair encoding works on: merges never cross from one piece to the next.
struct PreTokenizer: Sendable {
    private enum Step: Sendable {
        case split(PatternProgram, SplitBehavior, isInverted: Bool)
        case addPrefixSpace
        /// Writes the text in `ByteLevelAlphabet`.
        case encodeBytes
        case metaspace(Metaspace)
    }

    private var steps: [Step] = []

    /// What `ByteLevel` splits by unless told otherwise: the pattern of GPT-2.
    private static let patternOfGPT2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    /// Reads the member `pre_tokenizer` of `tokenizer.json`; where it is null the whole text is one piece.
    init(document: JSONNode) throws {
        if let node = try document["pre_tokenizer"] { try append(node) }
    }

    /// Each pattern may take some megabytes; published tokenizers have up to 8 steps.
    private static let mostSteps = 64

    private mutating func append(_ node: JSONNode) throws {
        guard steps.count < Self.mostSteps else {
            throw TokenizerError.unsupported(
                location: node.location, found: "more than \(Self.mostSteps) steps",
                supported: "at most \(Self.mostSteps) steps")
        }
        let type = try node.required("type")
        switch try type.string() {
        case "Sequence":
            for member in try node.required("pretokenizers").elements() { try append(member) }
        case "Split":
            steps.append(
                .split(
                    try Self.pattern(try node.required("pattern")), try SplitBehavior(node.required("behavior")),
                    isInverted: try node.required("invert").bool()))
        case "Digits":
            let isIndividual = try node.required("individual_digits").bool()
            let digit = try PatternProgram(pattern: #"\p{N}"#, location: node.location)
            steps.append(.split(digit, isIndividual ? .isolated : .contiguous, isInverted: false))
        case "ByteLevel":
            if try node.required("add_prefix_space").bool() { steps.append(.addPrefixSpace) }
            if try node["use_regex"]?.bool() ?? true {
                let pattern = try PatternProgram(pattern: Self.patternOfGPT2, location: node.location)
                steps.append(.split(pattern, .isolated, isInverted: false))
            }
            steps.append(.encodeBytes)
        case "Metaspace":
            let metaspace = try Metaspace(node)
            steps.append(.metaspace(metaspace))
            if metaspace.splits {
                let mark = try PatternProgram(matching: metaspace.replacement, location: node.location)
                steps.append(.split(mark, .mergedWithNext, isInverted: false))
            }
        default:
            throw type.unsupported(supported: "Sequence, Split, ByteLevel, Digits, Metaspace, or null")
        }
    }

    private static func pattern(_ node: JSONNode) throws -> PatternProgram {
        if let regex = try node["Regex"] {
            return try PatternProgram(pattern: regex.string(), location: regex.location)
        }
        if let literal = try node["String"] {
            return try PatternProgram(matching: literal.string(), location: literal.location)
        }
        throw node.unexpected("a pattern under Regex or String")
    }

    /// Whether pieces are written in `ByteLevelAlphabet`.
    var encodesBytes: Bool {
        steps.contains { if case .encodeBytes = $0 { true } else { false } }
    }

    /// - Parameter isBeginning: whether the text begins where the whole one does.
    /// - Throws: `TokenizerError.tooManySteps` for a pattern that does not come to an end.
    func pieces(
        of text: [UInt8], isBeginning: Bool = true, matcher: inout PatternMatcher
    ) throws(TokenizerError) -> TextPieces {
        var pieces = TextPieces(text, isBeginning: isBeginning)
        for step in steps {
            switch step {
            case .split(let pattern, let behavior, let isInverted):
                try pieces.split(by: pattern, behavior: behavior, isInverted: isInverted, matcher: &matcher)
            case .addPrefixSpace:
                pieces.rewrite { piece, _, text in
                    if piece.first != UInt8(ascii: " ") { text.append(UInt8(ascii: " ")) }
                    text.append(contentsOf: piece)
                }
            case .encodeBytes:
                pieces.rewrite { piece, _, text in ByteLevelAlphabet.append(piece, to: &text) }
            case .metaspace(let metaspace):
                pieces.rewrite { metaspace.append($0, isBeginning: $1, to: &$2) }
            }
        }
        return pieces
    }
}
