import Foundation

/// A user's grader program, and what it may use.
public struct Grader: Sendable, Equatable {
    /// A shell's command line, such as `python3 grade.py --strict`.
    public var command: String
    /// Seconds on the clock, above 0; processor time is held to the same.
    public var seconds: Double
    /// Resident memory of the grader and its children together, in MiB, above 0.
    public var megabytes: Int

    public init(command: String, seconds: Double = 10, megabytes: Int = 512) {
        (self.command, self.seconds, self.megabytes) = (command, seconds, megabytes)
    }
}

/// Asks a ``Grader``.
///
/// It gets `{"answer": …, "completion": …, "id": …, "problem": …}` on standard input, all texts, and the members of the problem's line
/// that the reader does not know, as they are written there. It says on standard output, as its last line, `{"correct": true}` or
/// `{"correct": false}`; other members of that object are nobody's. One that prints nothing speaks by its exit status: 0 is correct, and 1
/// with nothing on standard error is wrong. All else is a fault of the grader's own and no verdict: another last line, a crash, a
/// traceback.
///
/// A grader runs in a process group of its own. It and all that it has started, in this group or not, is killed at the time or memory
/// limit and whenever the grader ends. Memory is looked at every 5 ms; the kernel refuses data beyond four times the limit in between.
public struct CommandVerifier: Verifier {
    private let grader: Grader
    /// Stands for the files that the command names, as they were when this verifier was made: see ``Grader/fingerprint``.
    public let fingerprint: String

    public init(_ grader: Grader) { (self.grader, fingerprint) = (grader, grader.fingerprint) }

    public func verdict(on completion: String, of problem: Problem) -> Verdict { judgement(on: completion, of: problem).verdict }

    /// The verdict, and where the grader failed what it said instead, in a few words.
    func judgement(on completion: String, of problem: Problem) -> (verdict: Verdict, detail: String?) {
        guard let input = Self.question(completion, problem), let result = GraderProcess.run(grader, input: input) else {
            return (.wrong(.graderFailed), "it cannot be started")
        }
        switch result {
        case .overTime: return (.wrong(.graderTimeLimit), nil)
        case .overMemory: return (.wrong(.graderMemoryLimit), nil)
        case .crashed: return (.wrong(.graderFailed), "a signal ended it")
        case .ended(let output):
            if let line = output.lastLine {
                guard let isCorrect = Self.verdict(line) else {
                    return (
                        .wrong(.graderFailed),
                        "its last line is \(Self.shortened(line)), expected {\"correct\": true} or {\"correct\": false}"
                    )
                }
                return (isCorrect ? .correct : .wrong(.wrongValue), nil)
            }
            if output.status == 0 { return (.correct, nil) }
            if output.status == 1, output.isSilent { return (.wrong(.wrongValue), nil) }
            let words = output.lastError.map { " and says \(Self.shortened($0))" } ?? ""
            return (.wrong(.graderFailed), "it prints no verdict, ends with status \(output.status)\(words)")
        }
    }

    /// What the line's object says under `correct`; nil for anything but an object with true or false there.
    private static func verdict(_ line: String) -> Bool? {
        struct Said: Decodable { let correct: Bool }
        let text = JSONText(Array(line.utf8))
        return try? JSONDecoder().decode(Said.self, from: text.readable).correct
    }

    private static func question(_ completion: String, _ problem: Problem) -> Data? {
        var question = ["id": problem.id, "problem": problem.text, "completion": completion]
        if case .text(let answer) = problem.answer { question["answer"] = answer }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        guard var text = try? encoder.encode(question) else { return nil }
        text.removeLast()
        for member in problem.members where !reserved.contains(member.name) {
            guard let name = try? encoder.encode(member.name) else { return nil }
            text += Data(",".utf8) + name + Data(":".utf8) + Data(member.json.utf8)
        }
        return text + Data("}".utf8)
    }

    private static let reserved: Set<String> = ["id", "problem", "answer", "completion"]

    private static func shortened(_ line: String) -> String { "'\(line.prefix(100))\(line.count > 100 ? "…" : "")'" }
}
