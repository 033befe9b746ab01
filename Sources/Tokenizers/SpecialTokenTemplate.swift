/// What the post-processor of a `tokenizer.json` puts around a sequence.
struct SpecialTokenTemplate: Sendable {
    private(set) var prefix: [Int] = []
    private(set) var suffix: [Int] = []

    init(document: JSONNode) throws {
        guard let node = try document["post_processor"] else { return }
        var hasTemplate = false
        try read(node, hasTemplate: &hasTemplate)
    }

    private mutating func read(_ node: JSONNode, hasTemplate: inout Bool) throws {
        let type = try node.required("type")
        switch try type.string() {
        case "ByteLevel":
            break  // moves offsets, not ids
        case "Sequence":
            for member in try node.required("processors").elements() { try read(member, hasTemplate: &hasTemplate) }
        case "TemplateProcessing":
            if hasTemplate { throw type.unsupported("a second template", supported: "one") }
            hasTemplate = true
            try readTemplate(node)
        default:
            throw type.unsupported(supported: "TemplateProcessing, ByteLevel, Sequence, or null")
        }
    }

    private mutating func readTemplate(_ node: JSONNode) throws {
        let single = try node.required("single")
        let specialTokens = try node.required("special_tokens")
        var hasSequence = false
        for piece in try single.elements() {
            if let special = try piece["SpecialToken"] {
                let name = try special.required("id").string()
                let ids = try specialTokens.required(name).required("ids").elements().map { try $0.tokenID() }
                if hasSequence { suffix += ids } else { prefix += ids }
            } else if let sequence = try piece["Sequence"] {
                let name = try sequence.required("id")
                guard try name.string() == "A", !hasSequence else {
                    throw name.unsupported(supported: "the sequence A, once")
                }
                hasSequence = true
            } else {
                throw piece.unexpected("SpecialToken or Sequence")
            }
        }
        guard hasSequence else {
            throw single.unsupported("a template without a sequence", supported: "the sequence A, once")
        }
    }
}
