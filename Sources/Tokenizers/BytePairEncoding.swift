import Files

/// A byte-pair encoding model: vocabulary and merges, as the member `model` of `tokenizer.json` gives them.
struct BytePairEncoding: Sendable {
    /// The id of every token, by the token's UTF-8.
    private(set) var vocabulary = ByteStringTable()
    /// The token of every id; of tokens that share an id the last.
    private(set) var tokens: [Int: String] = [:]
    private(set) var merges = MergeTable(capacity: 0)
    /// The tokens of bytes, for characters that are no tokens; nil where the file has no `byte_fallback`.
    private(set) var bytes: ByteTokens?
    /// What stands for a character that neither is a token nor has its bytes among them; nil drops it.
    private(set) var unknownID: UInt32?
    /// Whether neighbouring unknown characters become one unknown token.
    let fusesUnknown: Bool
    /// Whether a piece that is a token becomes that token without asking the merges.
    let ignoresMerges: Bool

    /// Reads the model of a `tokenizer.json`.
    ///
    /// - Parameter encodesBytes: whether the pieces come in `ByteLevelAlphabet`.
    init(_ node: JSONNode, encodesBytes: Bool) throws {
        try Self.refuseUnsupported(node)
        fusesUnknown = try node["fuse_unk"]?.bool() ?? false
        ignoresMerges = try node["ignore_merges"]?.bool() ?? false
        try readVocabulary(try node.required("vocab"))
        if try node["byte_fallback"]?.bool() ?? false { bytes = ByteTokens(vocabulary) }
        try readMerges(try node.required("merges"))
        try readUnknownToken(try node["unk_token"], encodesBytes: encodesBytes)
    }

    private static func refuseUnsupported(_ node: JSONNode) throws {
        if let dropout = try node["dropout"] {
            switch dropout.tree {
            case .integer(0), .number(0): break
            default: throw dropout.unsupported(supported: "null: dropout makes ids random, and is for training alone")
            }
        }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let affix = try node[key], try !affix.string().isEmpty {
                throw affix.unsupported(supported: "null or \"\"")
            }
        }
    }

    private mutating func readVocabulary(_ node: JSONNode) throws {
        tokens.reserveCapacity(try node.members().count)
        for (token, id) in try node.members() {
            guard case .integer(let id) = id, 0..<Int(UInt32.max) ~= id else {
                throw TokenizerError.malformed(
                    location: "\(node.location)[\"\(token)\"]", found: id.kind,
                    expected: "an id from 0 to \(UInt32.max - 1)")
            }
            vocabulary.set(Array(token.utf8)[...], to: id)
            tokens[id] = token
        }
    }

    private mutating func readMerges(_ node: JSONNode) throws {
        guard case .array(let list) = node.tree else { throw node.unexpected("a list") }
        merges = MergeTable(capacity: list.count)
        for (index, merge) in list.enumerated() where !Self.isVersion(merge) {
            let location = "\(node.location)[\(index)]"
            guard let (left, right) = Self.pair(merge) else {
                throw TokenizerError.malformed(
                    location: location, found: merge.kind, expected: "two tokens, as a list or with one space between")
            }
            func id(_ token: String) throws -> UInt32 {
                if let id = vocabulary[token] { return UInt32(id) }
                throw TokenizerError.malformed(
                    location: location, found: "\"\(token)\"", expected: "a token of model.vocab")
            }
            merges.append(left: try id(left), right: try id(right), product: try id(left + right))
        }
    }

    /// The first line of an old `merges.txt`, which some files have kept.
    private static func isVersion(_ merge: JSONTree) -> Bool {
        if case .string(let line) = merge { line.utf8.starts(with: "#version".utf8) } else { false }
    }

    private static func pair(_ merge: JSONTree) -> (left: String, right: String)? {
        switch merge {
        case .array(let pair):
            guard pair.count == 2, case .string(let left) = pair[0], case .string(let right) = pair[1] else {
                return nil
            }
            return (left, right)
        case .string(let line):
            let parts = line.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        default:
            return nil
        }
    }

    /// A byte-level vocabulary with all 256 characters meets no unknown one; whatever it names is left alone.
    private mutating func readUnknownToken(_ node: JSONNode?, encodesBytes: Bool) throws {
        guard let node else { return }
        let token = try node.string()
        unknownID = vocabulary[token].map(UInt32.init)
        let meetsUnknown =
            !encodesBytes
            || ByteLevelAlphabet.characters.contains {
                vocabulary[String($0)] == nil
            }
        if unknownID == nil, meetsUnknown { throw node.unexpected("a token of model.vocab") }
    }
}
