import Files
import Foundation

/// A line of a problem file, whose form follows from who judges its completions.
struct ProblemLine: Decodable {
    private let verifier: String?

    private enum Keys: String, CodingKey { case verifier }

    init(from decoder: any Decoder) throws {
        verifier = try decoder.container(keyedBy: Keys.self).decodeIfPresent(String.self, forKey: .verifier)
    }

    /// - Parameters:
    ///   - name: who judges where the line does not say.
    ///   - lines: the file, which has just decoded this line.
    ///   - form: what a line should be, for messages.
    /// - Throws: ``JSONLinesError`` with file and line.
    func problem(
        for name: VerifierName, in lines: JSONLines, form: (VerifierName) -> String = Self.form
    ) throws -> Problem {
        guard let verifier else { return try problem(name, isNamed: false, lines, form(name)) }
        guard let own = VerifierName(rawValue: verifier) else {
            throw lines.fault("the verifier is \"\(verifier)\", expected one of \(VerifierName.list)")
        }
        return try problem(own, isNamed: true, lines, form(own))
    }

    private func problem(
        _ verifier: VerifierName, isNamed: Bool, _ lines: JSONLines, _ form: String
    ) throws -> Problem {
        let members = Members(lines.lineText)
        func problem(
            _ id: String?, _ text: String, _ answer: Problem.Answer, _ members: [Problem.Member] = []
        ) -> Problem {
            Problem(
                id: id ?? "\(lines.lineNumber)", text: text, answer: answer, members: members,
                verifier: isNamed ? verifier : nil)
        }
        switch verifier {
        case .countdown:
            let line = try lines.again(CountdownLine.self, form: form)
            guard line.numbers.count >= 2, line.numbers.allSatisfy({ 0...1_000_000_000 ~= $0 }) else {
                throw lines.fault(
                    "numbers is \(line.numbers), expected at least two whole numbers from 0 to 1000000000")
            }
            guard 0...1_000_000_000_000 ~= line.target else {
                throw lines.fault("target is \(line.target), expected a whole number from 0 to 1000000000000")
            }
            let countdown = Countdown(numbers: line.numbers, target: line.target)
            return problem(members.text("id", line.id), countdown.text(), .countdown(countdown))
        case .exact, .boxed:
            let line = try lines.again(TextLine.self, form: form)
            return problem(
                members.text("id", line.id), line.text, .text(members.text(line.answerName, line.answer) ?? ""))
        case .command:
            let line = try lines.again(GradedLine.self, form: form)
            let answer = members.text(line.answerName, line.answer)
            return problem(members.text("id", line.id), line.text, answer.map { .text($0) } ?? .absent, members.others)
        case .choice:
            let line = try lines.again(ChoiceElement.self, form: form)
            let found = try line.problem(place: lines.lineNumber, fault: lines.fault)
            return problem(found.id, found.text, found.answer)
        }
    }

    /// What a line with a completion should be, for messages.
    static func judgedForm(_ verifier: VerifierName) -> String {
        switch verifier {
        case .countdown: "such as {\"completion\": \"1+2=3!\", \"numbers\": [1, 2], \"target\": 3}"
        case .choice: "such as {\"completion\": \"The answer is (C).\", \"answer\": \"C\"}"
        case .boxed: "such as {\"completion\": \"\\\\boxed{4}\", \"answer\": \"4\"}"
        case .exact, .command: "such as {\"completion\": \"4\", \"answer\": \"4\"}"
        }
    }

    /// What a line should be, for messages.
    static func form(_ verifier: VerifierName) -> String {
        switch verifier {
        case .countdown: "such as {\"id\": \"train-00001\", \"numbers\": [3, 12, 11], \"target\": 99}"
        case .choice: ChoiceElement.form
        case .exact, .boxed, .command: "such as {\"problem\": \"2+2=\", \"gt\": \"4\"}"
        }
    }
}

/// A line's members as they are written.
private struct Members {
    private let members: [(name: String, value: ArraySlice<UInt8>)]

    init(_ text: JSONText) { members = text.members ?? [] }

    /// The text of a member that is a text or a number: a number as it is written.
    func text(_ name: String, _ value: TextOrNumber?) -> String? {
        guard let value else { return nil }
        guard let written = members.first(where: { $0.name == name })?.value, written.first != UInt8(ascii: "\"")
        else { return value.text }
        return String(decoding: written, as: UTF8.self)
    }

    /// What a grader's line holds beyond the problem and its answer.
    var others: [Problem.Member] {
        var known: Set<String> = ["id", "verifier", "problem", "gt"]
        if !members.contains(where: { $0.name == "problem" }) { known.insert("prompt") }
        return members.filter { !known.contains($0.name) }.map {
            .init(name: $0.name, json: String(decoding: $0.value, as: UTF8.self))
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
    let text: String
    let answer: TextOrNumber
    let answerName: String

    init(from decoder: any Decoder) throws {
        let line = try decoder.container(keyedBy: ProblemKeys.self)
        id = try line.decodeIfPresent(TextOrNumber.self, forKey: .id)
        text = try line.problem()
        let key = !line.contains(.gt) && line.contains(.answer) ? ProblemKeys.answer : .gt
        (answer, answerName) = (try line.decode(TextOrNumber.self, forKey: key), key.rawValue)
    }
}

/// For a grader: an answer of another form than a text or a number is a member like others.
private struct GradedLine: Decodable {
    let id: TextOrNumber?
    let text: String
    let answer: TextOrNumber?
    let answerName: String

    init(from decoder: any Decoder) throws {
        let line = try decoder.container(keyedBy: ProblemKeys.self)
        id = try line.decodeIfPresent(TextOrNumber.self, forKey: .id)
        text = try line.problem()
        let key = line.contains(.gt) ? ProblemKeys.gt : .answer
        (answer, answerName) = (try? line.decode(TextOrNumber.self, forKey: key), key.rawValue)
    }
}

enum ProblemKeys: String, CodingKey { case id, problem, prompt, gt, answer, completion }

extension KeyedDecodingContainer<ProblemKeys> {
    /// `problem`, or `prompt` where that is missing. A line that brings its completion needs neither.
    func problem() throws -> String {
        let key: ProblemKeys = !contains(.problem) && contains(.prompt) ? .prompt : .problem
        return contains(key) || !contains(.completion) ? try decode(String.self, forKey: key) : ""
    }
}
