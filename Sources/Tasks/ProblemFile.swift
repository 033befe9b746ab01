import Files

/// A file of problems, one JSON object a line; empty lines count and are passed over.
///
/// | verifier | line |
/// |---|---|
/// | `countdown` | `{"id": "train-00001", "numbers": [3, 12, 11], "target": 99}` |
/// | `exact`, `boxed`, `command` | `{"problem": "2+2=", "gt": "4"}`; `gt` may be a number, `id` may be there |
/// | `choice` | `{"problem": "2+2? A. 3 B. 4", "gt": "B"}` or `{"question": "2+2?", "options": ["3", "4"], "answer": "B"}` |
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
        let lines = try JSONLines(path: path, form: verifier.lineForm)
        var problems: [Problem] = []
        var places: [String: Int] = [:]
        while problems.count != limit, let problem = try next(lines, verifier) {
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

    private static func next(_ lines: JSONLines, _ verifier: VerifierName) throws -> Problem? {
        switch verifier {
        case .countdown:
            guard let line = try lines.next(CountdownLine.self) else { return nil }
            guard line.numbers.count >= 2, line.numbers.allSatisfy({ 0...1_000_000_000 ~= $0 }) else {
                throw lines.fault(
                    "numbers is \(line.numbers), expected at least two whole numbers from 0 to 1000000000")
            }
            guard 0...1_000_000_000_000 ~= line.target else {
                throw lines.fault("target is \(line.target), expected a whole number from 0 to 1000000000000")
            }
            let countdown = Countdown(numbers: line.numbers, target: line.target)
            return Problem(
                id: line.id?.text ?? "\(lines.lineNumber)", text: countdown.text(), answer: .countdown(countdown))
        case .exact, .boxed, .command:
            guard let line = try lines.next(TextLine.self) else { return nil }
            return Problem(id: line.id?.text ?? "\(lines.lineNumber)", text: line.problem, answer: .text(line.gt.text))
        case .choice:
            guard let element = try lines.next(ChoiceElement.self) else { return nil }
            return try element.problem(place: lines.lineNumber, fault: lines.fault)
        }
    }
}

private struct CountdownLine: Decodable {
    let id: TextOrNumber?
    let numbers: [Int]
    let target: Int
}

private struct TextLine: Decodable {
    let id: TextOrNumber?
    let problem: String
    let gt: TextOrNumber
}

extension VerifierName {
    fileprivate var lineForm: String {
        switch self {
        case .countdown: "such as {\"id\": \"train-00001\", \"numbers\": [3, 12, 11], \"target\": 99}"
        case .choice: ChoiceElement.form
        case .exact, .boxed, .command: "such as {\"problem\": \"2+2=\", \"gt\": \"4\"}"
        }
    }
}
