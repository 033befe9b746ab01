/// The tokens that one of a model's files calls the end of a text.
public struct NamedEnds: Sendable, Equatable {
    /// The file's name, such as `generation_config.json`.
    public let file: String
    /// Token ids, in the file's order.
    public let tokens: [Int]

    public init(file: String, tokens: [Int]) { (self.file, self.tokens) = (file, tokens) }

    /// Each token once, in the order in which files name them.
    public static func tokens(of ends: [NamedEnds]) -> [Int] {
        ends.flatMap(\.tokens).reduce(into: []) { tokens, token in
            if !tokens.contains(token) { tokens.append(token) }
        }
    }
}
