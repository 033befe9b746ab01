/// What `tokenizer.json` does to a text before it is cut up: nothing, or Unicode's composition NFC.
enum TextNormalizer {
    case none
    case nfc

    init(document: JSONNode) throws {
        self = try document["normalizer"].map(Self.init(node:)) ?? .none
    }

    private init(node: JSONNode) throws {
        let type = try node.required("type")
        switch try type.string() {
        case "NFC": self = .nfc
        case "Sequence":
            // NFC twice is NFC once.
            let members = try node.required("normalizers").elements().map(Self.init(node:))
            self = members.contains(.nfc) ? .nfc : .none
        default: throw type.unsupported(supported: "NFC, Sequence, or null")
        }
    }

    func normalize(_ text: ArraySlice<UInt8>) -> [UInt8] {
        // Scalars below U+0300, whose UTF-8 starts below 0xCC, are in NFC and compose with nothing before them.
        if self == .none || text.allSatisfy({ $0 < 0xCC }) { return Array(text) }
        return CanonicalComposition.unicode9.compose(Array(text))
    }
}
