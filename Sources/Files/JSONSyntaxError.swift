/// A document that is not JSON: the first place that breaks the grammar.
public struct JSONSyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file's path.
    public let file: String
    /// Counted from 1.
    public let line: Int
    /// What breaks the grammar there.
    public let problem: String

    package init(file: String, line: Int, problem: String) {
        (self.file, self.line, self.problem) = (file, line, problem)
    }

    /// The file, the line and the problem as one sentence.
    public var description: String { "\(file) is not valid JSON, line \(line): \(problem)" }
}
