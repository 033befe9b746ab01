/// Tokens that heads cannot be scored on: what was found, and what was expected.
public struct ScoringError: Error, Equatable, CustomStringConvertible {
    /// One sentence.
    public let description: String

    /// - Parameter description: one sentence.
    public init(_ description: String) { self.description = description }
}
