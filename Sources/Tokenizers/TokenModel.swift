/// What turns pieces into ids: the member `model` of `tokenizer.json`.
enum TokenModel: Sendable {
    case bytePairs(BytePairEncoding)
    case unigram(UnigramModel)

    /// - Parameter encodesBytes: whether the pieces come in `ByteLevelAlphabet`.
    init(document: JSONNode, encodesBytes: Bool) throws {
        let node = try document.required("model")
        // The oldest files do not name the type; only BPE has merges.
        switch try node["type"]?.string() {
        case "BPE", nil: self = .bytePairs(try BytePairEncoding(node, encodesBytes: encodesBytes))
        case "Unigram": self = .unigram(try UnigramModel(node))
        default: throw try node.required("type").unsupported(supported: "\"BPE\" and \"Unigram\"")
        }
    }

    /// The id of every token, by the token's UTF-8.
    var vocabulary: ByteStringTable {
        switch self {
        case .bytePairs(let model): model.vocabulary
        case .unigram(let model): model.vocabulary
        }
    }

    /// The token of every id.
    var tokens: [Int: String] {
        switch self {
        case .bytePairs(let model): model.tokens
        case .unigram(let model): model.tokens
        }
    }
}

/// A model together with the memory of one text.
struct TokenEncoder {
    private var bytePairs: BytePairEncoder?
    private var unigram: UnigramModel?

    init(_ model: TokenModel) {
        switch model {
        case .bytePairs(let model): bytePairs = BytePairEncoder(model)
        case .unigram(let model): unigram = model
        }
    }

    /// Appends the ids of a piece.
    mutating func append(_ piece: ArraySlice<UInt8>, to ids: inout [Int]) {
        bytePairs?.append(piece, to: &ids)
        unigram?.append(piece, to: &ids)
    }
}
