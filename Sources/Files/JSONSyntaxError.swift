/// A document that is not JSON: the first place that breaks the grammar.
public struct JSONSyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
    public let file: String
    /// Counted from 1.
    public let line: Int
    public let problem: String

    package init(file: String, line: Int, problem: String) {
        (self.file, self.line, self.problem) = (file, line, problem)
    }

    public var description: String { "\(file) is not valid JSON, line \(line): \(problem)" }
}
