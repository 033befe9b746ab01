/// What can be wrong with a tokenizer's files, or with ids that are handed to it.
/// A file that is not JSON is told by `JSONSyntaxError`.
public enum TokenizerError: Error, Equatable {
    /// A file that must be there cannot be read.
    case unreadable(file: String, reason: String)
    /// A value is missing, has the wrong type, or contradicts another one. `location` is the file and the JSON path.
    case malformed(location: String, found: String, expected: String)
    /// A value is legitimate in other tokenizers, and this one does not implement it.
    case unsupported(location: String, found: String, supported: String)
    /// A pre-tokenizer's pattern that takes more steps on a text of so many bytes than `PatternMatcher` allows.
    case tooManySteps(location: String, pattern: String, bytes: Int)
    /// An id that names no token.
    case unknownID(Int, vocabularySize: Int)
}

extension TokenizerError: CustomStringConvertible {
    /// The error as one sentence.
    public var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "\(file) cannot be read: \(reason)"
        case .malformed(let location, let found, let expected):
            "\(location): found \(found), expected \(expected)"
        case .unsupported(let location, let found, let supported):
            "\(location): found \(found), which is not supported; supported: \(supported)"
        case .tooManySteps(let location, let pattern, let bytes):
            "\(location): the pattern '\(pattern.count > 60 ? pattern.prefix(60) + "…" : pattern)' takes too many "
                + "steps on a text of "
                + "\(bytes) bytes, expected a pattern without many ways to match the same characters"
        case .unknownID(let id, let vocabularySize):
            "token id \(id) names no token of the vocabulary, which has \(vocabularySize) tokens"
        }
    }
}
