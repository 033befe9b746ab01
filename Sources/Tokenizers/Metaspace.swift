/// SentencePiece's way with spaces, as pre-tokenizer and as decoder: a mark, "▁", stands for each, and one more stands
/// before the text.
struct Metaspace: Sendable {
    /// Which texts get a mark in front, unless they have one there.
    enum Prepending: String, Sendable {
        /// Every piece; after an added token, too.
        case always
        /// The beginning of the whole text alone.
        case first
        case never
    }

    /// The mark, one character.
    let replacement: String
    let prepending: Prepending
    /// Whether every mark begins a new piece.
    let splits: Bool
    private let marking: ByteReplacement

    /// Reads a pre-tokenizer or a decoder of type `Metaspace`. Older files say `add_prefix_space` for
    /// `prepend_scheme`.
    init(_ node: JSONNode) throws {
        let mark = try node.required("replacement")
        replacement = try mark.string()
        guard replacement.unicodeScalars.count == 1 else { throw mark.unexpected("one character") }
        marking = ByteReplacement(" ", by: replacement)
        splits = try node["split"]?.bool() ?? true
        let addsSpace = try node["add_prefix_space"]
        guard let scheme = try node["prepend_scheme"] else {
            prepending = try addsSpace?.bool() ?? true ? .always : .never
            return
        }
        guard let prepending = Prepending(rawValue: try scheme.string()) else {
            throw scheme.unexpected("always, first or never")
        }
        if let addsSpace, try !addsSpace.bool(), prepending != .never {
            throw addsSpace.unexpected("true, or prepend_scheme never")
        }
        self.prepending = prepending
    }

    /// Appends a piece with its marks.
    func append(_ piece: ArraySlice<UInt8>, isBeginning: Bool, to text: inout [UInt8]) {
        let marked = marking.applied(to: piece)
        let prepends = prepending == .always || (prepending == .first && isBeginning)
        if prepends, !marked.starts(with: replacement.utf8) { text += replacement.utf8 }
        text += marked
    }

    /// A token with spaces for its marks, which the first token of a text loses where one was put before it.
    func decoded(_ token: String, isFirst: Bool) -> String {
        let space = isFirst && prepending != .never ? "" : " "
        return String(
            String.UnicodeScalarView(
                token.unicodeScalars.flatMap { scalar in
                    String(scalar) == replacement ? Array(space.unicodeScalars) : [scalar]
                }))
    }
}
