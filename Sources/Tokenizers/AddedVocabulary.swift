/// A token that is looked for in the text itself, before pre-tokenization: control tokens, and words added later.
public struct AddedToken: Sendable, Equatable {
    /// The token's id.
    public let id: Int
    /// The text that stands for the token.
    public let content: String
    /// Whether decoding can leave it out.
    public let isSpecial: Bool
    /// Whether it is looked for in the normalized text, and is normalized itself; otherwise in the text as given.
    public let isNormalized: Bool
    /// Whether whitespace before it belongs to it.
    public let stripsLeft: Bool
    /// Whether whitespace after it belongs to it.
    public let stripsRight: Bool
    /// Whether it counts only where no word character touches it.
    public let isSingleWord: Bool
}

/// The added tokens of a `tokenizer.json`, and how they cut a text.
struct AddedVocabulary: Sendable {
    enum Segment {
        case text(Range<Int>)
        case token(Int)
    }

    private(set) var tokens: [Int: AddedToken] = [:]
    private(set) var ids = ByteStringTable()
    /// What a token that is looked for in normalized text looks like there.
    private var normalizedContents: [Int: String] = [:]
    private var specialContents: Set<[UInt8]> = []
    private var trie = TokenTrie()
    private var normalizedTrie = TokenTrie()

    /// Reads the member `added_tokens`.
    ///
    /// Ids are given as Hugging Face gives them, whatever the file says: a token of the model's vocabulary has its id
    /// there, every other one the next number from the size of that vocabulary on.
    init(document: JSONNode, vocabulary: ByteStringTable, normalizer: TextNormalizer) throws {
        guard let list = try document["added_tokens"] else { return }
        var nextID = vocabulary.count
        for node in try list.elements() {
            let content = try node.required("content").string()
            if content.isEmpty { continue }
            let key = Array(content.utf8)
            let known = ids.value(for: key[...]) ?? vocabulary.value(for: key[...])
            let token = AddedToken(
                id: known ?? nextID,
                content: content,
                isSpecial: try node.required("special").bool(),
                isNormalized: try node.required("normalized").bool(),
                stripsLeft: try node.required("lstrip").bool(),
                stripsRight: try node.required("rstrip").bool(),
                isSingleWord: try node.required("single_word").bool())
            if known == nil { nextID += 1 }
            ids.set(key[...], to: token.id)
            tokens[token.id] = token
            if token.isSpecial { specialContents.insert(key) }
        }
        for token in tokens.values.sorted(by: { $0.id < $1.id }) {
            guard token.isNormalized else {
                _ = trie.insert(token.content.utf8, id: token.id)
                continue
            }
            let normalized = normalizer.normalize(Array(token.content.utf8)[...])
            normalizedContents[token.id] = String(decoding: normalized, as: UTF8.self)
            guard normalizedTrie.insert(normalized, id: token.id) else {
                throw TokenizerError.malformed(
                    location: list.location,
                    found: "\"\(token.content)\" and another token that normalize to the same text",
                    expected: "tokens that differ")
            }
        }
    }

    /// The token of an id as decoding sees it: normalized, if it is looked for in normalized text.
    func spelling(of id: Int) -> String? {
        normalizedContents[id] ?? tokens[id]?.content
    }

    func isSpecial(_ token: String) -> Bool {
        specialContents.contains(Array(token.utf8))
    }

    /// Cuts a text at the tokens of one kind. Segments of text are not empty.
    ///
    /// - Parameter normalized: which tokens to look for: those of the normalized text, or those of the text as given.
    func segments(of text: [UInt8], normalized: Bool) -> [Segment] {
        let trie = normalized ? normalizedTrie : trie
        var segments: [Segment] = []
        var done = 0
        var searchStart = 0
        while !trie.isEmpty, let (match, id) = trie.firstMatch(in: text, from: searchStart), let token = tokens[id] {
            searchStart = match.upperBound
            if token.isSingleWord,
                text.hasWordCharacter(before: match.lowerBound) || text.hasWordCharacter(at: match.upperBound)
            {
                continue
            }
            // Whitespace that the token before took is not taken, nor looked at, twice.
            let start =
                token.stripsLeft ? text.startOfWhitespace(before: match.lowerBound, downTo: done) : match.lowerBound
            if done < start { segments.append(.text(done..<start)) }
            segments.append(.token(id))
            done = token.stripsRight ? text.endOfWhitespace(after: max(done, match.upperBound)) : match.upperBound
        }
        if done < text.count { segments.append(.text(done..<text.count)) }
        return segments
    }
}

/// The scalars that matter beside an added token: the classes of Rust's regular expressions.
private struct NeighbourClasses {
    static let shared = NeighbourClasses()

    private var sets = ScalarSets()
    private let word: Int
    private let whitespace: Int

    private init() {
        word = sets.index(of: .word.union(ScalarRanges([0x200C...0x200D])))
        whitespace = sets.index(of: .whitespace)
    }

    func isWord(_ scalar: UInt32) -> Bool { sets.contains(scalar, in: word) }
    func isWhitespace(_ scalar: UInt32) -> Bool { sets.contains(scalar, in: whitespace) }
}

extension Array<UInt8> {
    fileprivate func hasWordCharacter(before position: Int) -> Bool {
        position > 0 && hasWordCharacter(at: self.position(before: position))
    }

    fileprivate func hasWordCharacter(at position: Int) -> Bool {
        position < count && NeighbourClasses.shared.isWord(scalar(at: position).scalar)
    }

    fileprivate func startOfWhitespace(before position: Int, downTo lowest: Int) -> Int {
        var start = position
        while start > lowest, isWhitespace(at: self.position(before: start)) { start = self.position(before: start) }
        return start
    }

    fileprivate func endOfWhitespace(after position: Int) -> Int {
        var end = position
        while end < count, isWhitespace(at: end) { end += scalar(at: end).width }
        return end
    }

    private func isWhitespace(at position: Int) -> Bool {
        NeighbourClasses.shared.isWhitespace(scalar(at: position).scalar)
    }
}
