import Files

/// A unigram model of SentencePiece (Kudo 2018): every token has a score, its log probability, and a piece becomes the
/// tokens whose scores sum highest.
struct UnigramModel: Sendable {
    /// The id of every token, by the token's UTF-8.
    private(set) var vocabulary = ByteStringTable()
    /// The token of every id, and its score.
    private(set) var tokens: [Int: String] = [:]
    private var scores: [Double] = []
    private var trie = TokenTrie()
    private let unknownID: Int
    /// What a character without a token costs: the lowest score and a penalty.
    private let unknownScore: Double
    private let bytes: ByteTokens?

    private static let unknownPenalty = 10.0

    /// Reads the model of a `tokenizer.json`: `vocab` is a list of pairs, token and score.
    init(_ node: JSONNode) throws {
        let list = try node.required("vocab")
        for (id, pair) in try list.elements().enumerated() {
            guard case .array(let members) = pair.tree, members.count == 2, case .string(let token) = members[0],
                let score = Self.number(members[1])
            else { throw pair.unexpected("a token and its score") }
            let key = Array(token.utf8)
            guard vocabulary.value(for: key[...]) == nil else {
                throw pair.unsupported("a second token '\(token)'", supported: "tokens that differ")
            }
            vocabulary.set(key[...], to: id)
            tokens[id] = token
            scores.append(score)
            _ = trie.insert(key, id: id)
        }
        let unknown = try node.required("unk_id")
        unknownID = try unknown.tokenID()
        guard unknownID < scores.count else { throw unknown.unexpected("the id of one of the \(scores.count) tokens") }
        unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
        bytes = try node["byte_fallback"]?.bool() ?? false ? ByteTokens(vocabulary) : nil
    }

    private static func number(_ tree: JSONTree) -> Double? {
        switch tree {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }

    /// The best way to some position: its score, its last token and where that begins.
    private struct Path {
        var score = 0.0
        var start = -1
        var id = 0
    }

    /// Appends the ids of a piece. Of equal sums the one that was found first counts, as in Hugging Face's library;
    /// neighbouring characters without a token are one unknown, or its bytes.
    func append(_ piece: ArraySlice<UInt8>, to ids: inout [Int]) {
        var unknownEnd = piece.endIndex, end = piece.endIndex
        var reversed: [Int] = []
        let paths = bestPaths(piece)
        while end > piece.startIndex {
            let path = paths[end - piece.startIndex], start = piece.startIndex + path.start
            if path.id != unknownID {
                if end < unknownEnd { appendUnknown(piece[end..<unknownEnd], reversedTo: &reversed) }
                reversed.append(path.id)
                unknownEnd = start
            }
            end = start
        }
        if end < unknownEnd { appendUnknown(piece[end..<unknownEnd], reversedTo: &reversed) }
        ids += reversed.reversed()
    }

    /// For each end in the piece the best path to it; those within a character stay empty.
    private func bestPaths(_ piece: ArraySlice<UInt8>) -> [Path] {
        var paths = [Path](repeating: Path(), count: piece.count + 1), start = 0
        func offer(_ score: Double, _ id: Int, to end: Int) {
            let sum = paths[start].score + score
            guard paths[end].start < 0 || sum > paths[end].score else { return }
            paths[end] = Path(score: sum, start: start, id: id)
        }
        while start < piece.count {
            let position = piece.startIndex + start
            var width = 1
            while start + width < piece.count, piece[position + width] & 0xC0 == 0x80 { width += 1 }
            var hasCharacter = false
            trie.forEachToken(in: piece, from: position) { end, id in
                offer(scores[id], id, to: end - piece.startIndex)
                if end == position + width { hasCharacter = true }
            }
            if !hasCharacter { offer(unknownScore, unknownID, to: start + width) }
            start += width
        }
        return paths
    }

    private func appendUnknown(_ text: ArraySlice<UInt8>, reversedTo ids: inout [Int]) {
        if let id = vocabulary.value(for: text) {
            ids.append(id)
        } else if let bytes = bytes?.ids(of: text) {
            ids += bytes.reversed()
        } else {
            ids.append(unknownID)
        }
    }
}
