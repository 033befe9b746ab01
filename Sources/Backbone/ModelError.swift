/// What is wrong with a model's folder, or with what it is asked to read: one sentence with what was found, what was
/// expected and where. A checkpoint's own faults are told by `FileError`.
public struct ModelError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// A file of the folder cannot be read.
        case unreadable
        /// A configuration is not JSON, lacks a key, or has a value that makes no sense.
        case malformed
        /// An architecture, rope type, quantisation or other choice that exists, and that this module does not
        /// implement.
        case unsupported
        /// A tensor has another shape or type than it should.
        case mismatch
        /// A token id that is not in the vocabulary.
        case unknownToken
        /// A sequence that is longer than the model's context.
        case tooLong
        /// No tokens where there must be some.
        case empty
    }

    public let kind: Kind
    public let description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
