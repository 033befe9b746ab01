/// A tensor that cannot serve as a weight matrix, in one sentence: its name, what was found, what was expected.
public struct WeightError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
