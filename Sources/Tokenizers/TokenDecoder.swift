/// How tokens become text again: the member `decoder` of `tokenizer.json`.
enum TokenDecoder: Sendable {
    /// Every token stands for bytes in `ByteLevelAlphabet`; one with other characters stands for itself.
    case byteLevel
    /// Tokens stand for themselves.
    case concatenated
    /// Tokens stand for themselves, with a space between two: what Hugging Face does where there is no decoder.
    case spaced

    init(document: JSONNode) throws {
        guard let node = try document["decoder"] else {
            self = .spaced
            return
        }
        var chain: [String] = []
        try Self.appendTypes(of: node, to: &chain)
        // What comes first makes a single text of all tokens, which Fuse leaves as it is.
        self =
            switch chain.first {
            case "ByteLevel": .byteLevel
            case "Fuse": .concatenated
            default: .spaced
            }
    }

    private static func appendTypes(of node: JSONNode, to chain: inout [String]) throws {
        let type = try node.required("type")
        switch try type.string() {
        case "Sequence":
            for member in try node.required("decoders").elements() { try appendTypes(of: member, to: &chain) }
        case "ByteLevel" where chain.isEmpty, "Fuse":
            chain.append(try type.string())
        default:
            throw type.unsupported(supported: "ByteLevel (first in a Sequence), Fuse, or null")
        }
    }

    /// The bytes that a token stands for.
    func bytes(of token: String, isFirst: Bool) -> [UInt8] {
        switch self {
        case .byteLevel: ByteLevelAlphabet.bytes(of: token) ?? Array(token.utf8)
        case .concatenated: Array(token.utf8)
        case .spaced: (isFirst ? [] : [UInt8(ascii: " ")]) + Array(token.utf8)
        }
    }
}
