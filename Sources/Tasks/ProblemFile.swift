import Files

/// A file of problems, one JSON object a line; empty lines count and are passed over.
///
/// | verifier | line |
/// |---|---|
/// | `countdown` | `{"id": "train-00001", "numbers": [3, 12, 11], "target": 99}` |
/// | `exact`, `boxed` | `{"problem": "2+2=", "gt": "4"}`; `gt` may be a number |
/// | `command` | the same; `gt` may be missing |
/// | `choice` | `{"problem": "2+2? A. 3 B. 4", "gt": "B"}` |
/// | `choice` | `{"question": "2+2?", "options": ["3", "4"], "answer": "B"}` |
///
/// `prompt` is read as `problem` where that is missing, and `answer` as `gt`. Numbers are taken as they are written. A
/// member `verifier` names who judges this line's completions, and the line is then read as that one's. All other
/// members reach graders.
///
/// Problems for `choice` may also stand in one JSON array, as MMLU-Pro's do; messages count them then, from 1.
/// A problem without `id` is called by its line's number, from 1.
public enum ProblemFile {
    /// Reads all problems, or the first `limit`.
    ///
    /// - Throws: ``JSONLinesError`` with file, line, what was found and what was expected; also for a file without
    ///   problems, for one with fewer than `limit`, and for an id that stands twice.
    public static func read(_ path: String, for verifier: VerifierName, limit: Int? = nil) throws -> [Problem] {
        if verifier == .choice, let problems = try ChoiceElement.readArray(path) {
            return try checked(problems, path, limit)
        }
        let lines = try JSONLines(path: path, form: ProblemLine.form(verifier))
        var problems: [Problem] = []
        var places: [String: Int] = [:]
        while problems.count != limit, let line = try lines.next(ProblemLine.self) {
            let problem = try line.problem(for: verifier, in: lines)
            if let first = places.updateValue(lines.lineNumber, forKey: problem.id) {
                throw lines.fault("the id \"\(problem.id)\" stands in line \(first), too")
            }
            problems.append(problem)
        }
        guard !problems.isEmpty else {
            throw JSONLinesError("\(path): holds no problems, expected one JSON object a line")
        }
        if let limit, problems.count < limit {
            throw JSONLinesError("\(path): holds \(counted(problems.count, "problem")), expected at least \(limit)")
        }
        return problems
    }

    /// The first `limit` of an array's problems.
    private static func checked(_ problems: [Problem], _ path: String, _ limit: Int?) throws -> [Problem] {
        guard !problems.isEmpty else { throw JSONLinesError("\(path): holds no problems, expected an array of them") }
        if let limit, problems.count < limit {
            throw JSONLinesError("\(path): holds \(counted(problems.count, "problem")), expected at least \(limit)")
        }
        let first = Array(problems.prefix(limit ?? problems.count))
        var places: [String: Int] = [:]
        for (place, problem) in first.enumerated() {
            if let earlier = places.updateValue(place + 1, forKey: problem.id) {
                throw JSONLinesError(
                    "\(path), problem \(place + 1): the id \"\(problem.id)\" belongs to problem \(earlier), too")
            }
        }
        return first
    }
}
