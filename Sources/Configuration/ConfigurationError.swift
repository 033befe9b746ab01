/// What is wrong with a configuration, in one sentence: where, what was found, what was expected.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// The file cannot be read.
        case unreadable
        /// The file is not JSON5, or not an object.
        case malformed
        /// A section or key that does not exist.
        case unknownKey
        /// A value of the wrong type, or one that makes no sense.
        case unsuitableValue
        /// A key without a default that a command needs.
        case missing
        /// An override that is not written `key.path=value`.
        case malformedOverride
    }

    public let kind: Kind
    public let description: String

    package init(_ kind: Kind, _ description: String) { (self.kind, self.description) = (kind, description) }
}
