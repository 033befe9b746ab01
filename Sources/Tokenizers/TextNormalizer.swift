/// What `tokenizer.json` does to a text before it is cut up: steps one after another, often none.
struct TextNormalizer {
    private enum Step {
        /// Unicode's composition NFC.
        case nfc
        /// Bytes before every text that is not empty; SentencePiece's first "▁".
        case prepend([UInt8])
        /// Other bytes for every occurrence of some, from left to right; SentencePiece's "▁" for a space.
        case replace(ByteReplacement)
    }

    private var steps: [Step] = []

    init(document: JSONNode) throws {
        if let node = try document["normalizer"] { try append(node) }
    }

    private mutating func append(_ node: JSONNode) throws {
        let type = try node.required("type")
        switch try type.string() {
        case "NFC": steps.append(.nfc)
        case "Prepend": steps.append(.prepend(Array(try node.required("prepend").string().utf8)))
        case "Replace": steps.append(.replace(try ByteReplacement(node)))
        case "Sequence": for member in try node.required("normalizers").elements() { try append(member) }
        default: throw type.unsupported(supported: "NFC, Prepend, Replace, Sequence, or null")
        }
    }

    func normalize(_ text: ArraySlice<UInt8>) -> [UInt8] {
        steps.reduce(Array(text)) { text, step in
            switch step {
            case .nfc:
                // Scalars below U+0300, whose UTF-8 starts below 0xCC, are in NFC and compose with nothing before them.
                text.allSatisfy { $0 < 0xCC } ? text : CanonicalComposition.unicode9.compose(text)
            case .prepend(let bytes): text.isEmpty ? text : bytes + text
            case .replace(let replacement): replacement.applied(to: text[...])
            }
        }
    }
}

/// A `Replace` of normalizers and decoders, with a text for its pattern.
struct ByteReplacement: Sendable {
    private let pattern: [UInt8], content: [UInt8]

    /// - Throws: `TokenizerError` for a regular expression, and for an empty pattern.
    init(_ node: JSONNode) throws {
        let pattern = try node.required("pattern")
        guard let literal = try pattern["String"] else {
            throw pattern.unsupported("no text under String", supported: "a text, no regular expression")
        }
        self.pattern = Array(try literal.string().utf8)
        guard !self.pattern.isEmpty else { throw literal.unexpected("a text that is not empty") }
        content = Array(try node.required("content").string().utf8)
    }

    init(_ pattern: String, by content: String) {
        (self.pattern, self.content) = (Array(pattern.utf8), Array(content.utf8))
    }

    func applied(to text: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 2)
        var position = text.startIndex
        while position < text.endIndex {
            if text[position] == pattern[0], text[position...].starts(with: pattern) {
                result += content
                position += pattern.count
            } else {
                result.append(text[position])
                position += 1
            }
        }
        return result
    }
}
