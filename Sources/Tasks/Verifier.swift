/// Judges completions.
public protocol Verifier: Sendable {
    /// What is right or wrong about a completion.
    ///
    /// - Parameter completion: everything after the prompt, without special tokens.
    func verdict(on completion: String, of problem: Problem) -> Verdict
}

/// What a verifier says.
public enum Verdict: Sendable, Equatable {
    case correct
    case wrong(Fault)

    public var isCorrect: Bool { self == .correct }
}

/// Why a completion is wrong.
public enum Fault: String, Sendable, Codable, CaseIterable, CustomStringConvertible {
    case noAnswer, textAfterAnswer, malformed, unavailableNumber, wrongArithmetic, unusedNumbers, wrongValue
    case graderTimeLimit, graderMemoryLimit, graderFailed, graderUnclear
    case modelFailed

    /// Whether the verifier or the model itself failed, so that nobody knows about the completion.
    public var isOfVerifier: Bool {
        switch self {
        case .graderTimeLimit, .graderMemoryLimit, .graderFailed, .graderUnclear, .modelFailed: true
        default: false
        }
    }

    public var description: String {
        switch self {
        case .noAnswer: "the completion declares no answer"
        case .textAfterAnswer: "something stands after the answer"
        case .malformed: "the answer is not written as the task asks"
        case .unavailableNumber: "a step takes a number that is used already or was never there"
        case .wrongArithmetic: "a step's result is wrong, negative or not whole"
        case .unusedNumbers: "a number is left over"
        case .wrongValue: "the answer is declared right and has another value"
        case .graderTimeLimit: "the grader took more time than it may, and was stopped"
        case .graderMemoryLimit: "the grader took more memory than it may, and was stopped"
        case .graderFailed: "the grader cannot be started, crashed or gave no verdict"
        case .modelFailed: "the model gave logits that no token can be drawn from"
        case .graderUnclear:
            "the grader's last line is no verdict, expected {\"correct\": true} or {\"correct\": false}"
        }
    }
}

/// The task's verifiers by name.
public enum VerifierName: String, Sendable, CaseIterable {
    case countdown, exact, boxed, choice, command

    /// - Parameter grader: what ``command`` runs; others know none.
    /// - Throws: ``VerifierError`` for `command` without a grader.
    public func verifier(grader: Grader? = nil) throws -> any Verifier {
        switch self {
        case .countdown: return CountdownVerifier()
        case .exact: return ExactVerifier()
        case .boxed: return BoxedVerifier()
        case .choice: return ChoiceVerifier()
        case .command:
            guard let grader else {
                throw VerifierError("the verifier \"command\" has no grader, expected its command line")
            }
            return CommandVerifier(grader)
        }
    }
}

/// Why there is no verifier, in one sentence.
public struct VerifierError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
