import Files
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

/// Asks a ``Grader``. It gets `{"answer": …, "completion": …, "id": …, "problem": …}` on standard input, all texts,
/// with the members of the problem's line that the reader does not know, as they are written there; where the problem
/// has no answer there is none. It says on standard output, as its last line, `{"correct": true}` or `{"correct":
/// false}`. One that prints nothing at all speaks by its exit status: 0 is correct, and 1 with nothing on standard
/// error is wrong.
///
/// All else is a fault of the grader's own, and never a verdict: an exception's traceback, or a last line that is no
/// JSON object with a `correct` of true or false.
///
/// A grader runs in a process group of its own, which is killed at the time or memory limit and whenever the grader
/// ends, and so is what has left the group. Memory is looked at every 5 ms; the kernel refuses data beyond four times
/// the limit in between.
public struct CommandVerifier: Verifier {
    private let grader: Grader

    /// - Parameter grader: the program that is asked.
    public init(_ grader: Grader) { self.grader = grader }

    public func verdict(on completion: String, of problem: Problem) -> Verdict {
        guard let input = Self.question(completion, problem), let result = GraderProcess.run(grader, input: input)
        else {
            return .wrong(.graderFailed)
        }
        switch result {
        case .overTime: return .wrong(.graderTimeLimit)
        case .overMemory: return .wrong(.graderMemoryLimit)
        case .ended(let status, let line?, _):
            guard let said = try? JSONDecoder().decodeGuarded(Said.self, from: line) else {
                return .wrong(status == 0 || status == 1 ? .graderUnclear : .graderFailed)
            }
            return said.correct ? .correct : .wrong(.wrongValue)
        case .ended(0, nil, _): return .correct
        case .ended(let status, nil, let isSilent):
            return .wrong(status == 1 && isSilent ? .wrongValue : .graderFailed)
        }
    }

    /// Ends all graders that run now, with their folders: for a program that is about to end at once.
    public static func endAll() { GraderFolder.endAll() }

    private static func question(_ completion: String, _ problem: Problem) -> Data? {
        var question = ["id": problem.id, "problem": problem.text, "completion": completion]
        if case .text(let answer) = problem.answer { question["answer"] = answer }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        guard var text = try? encoder.encode(question) else { return nil }
        text.removeLast()
        for member in problem.members where !question.keys.contains(member.name) {
            guard let name = try? encoder.encode(member.name) else { return nil }
            text += Data(",".utf8) + name + Data(":".utf8) + Data(member.json.utf8)
        }
        return text + Data("}".utf8)
    }

    private struct Said: Decodable { let correct: Bool }
}
