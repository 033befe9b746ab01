import Files

/// A file of completions to be judged, one JSON object a line: `completion`, and beside it what a problem's line holds
/// for the same verifier (see ``ProblemFile``), whose question may be missing:
///
///     {"completion": "The answer is (C).", "answer": "C"}
///
/// A class because it owns the open file.
public final class JudgedCompletions {
    private let lines: JSONLines
    private let verifier: VerifierName

    /// The number of the line that was read last, from 1.
    public var lineNumber: Int { lines.lineNumber }

    /// - Parameter verifier: who judges lines that name no verifier of their own.
    /// - Throws: `JSONLinesError` where the file cannot be opened.
    public init(_ path: String, for verifier: VerifierName) throws {
        lines = try JSONLines(path: path, form: ProblemLine.judgedForm(verifier))
        self.verifier = verifier
    }

    /// The next line that is not empty; nil at the end of the file.
    ///
    /// - Throws: `JSONLinesError` with file and line.
    public func next() throws -> (completion: String, problem: Problem)? {
        guard let line = try lines.next(Line.self) else { return nil }
        return (line.completion, try line.problem.problem(for: verifier, in: lines, form: ProblemLine.judgedForm))
    }

    private struct Line: Decodable {
        let completion: String
        let problem: ProblemLine

        private enum Keys: String, CodingKey { case completion }

        init(from decoder: any Decoder) throws {
            completion = try decoder.container(keyedBy: Keys.self).decode(String.self, forKey: .completion)
            problem = try ProblemLine(from: decoder)
        }
    }
}
