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
public enum Fault: String, Error, Codable, CaseIterable, CustomStringConvertible {
    case noAnswer, textAfterAnswer, malformed, unavailableNumber, wrongArithmetic, unusedNumbers, wrongValue
    case missedTarget
    case graderTimeLimit, graderMemoryLimit, graderFailed, graderUnclear
    case modelFailed

    /// Whether the verifier itself failed: it may give a verdict when it is asked again.
    public var isOfVerifier: Bool {
        switch self {
        case .graderTimeLimit, .graderMemoryLimit, .graderFailed, .graderUnclear: true
        default: false
        }
    }

    /// Whether the completion was never judged: the verifier failed, or the model did before the completion was whole.
    public var isUnjudged: Bool { isOfVerifier || self == .modelFailed }

    /// Which of two faults stands for both: the first one, but one of the verifier, which may be gone when it is asked
    /// again, before one of the model, which stays.
    public static func first(_ a: Fault?, _ b: Fault?) -> Fault? {
        if let a, a.isOfVerifier { return a }
        if let b, b.isOfVerifier { return b }
        return a ?? b
    }

    public var description: String {
        switch self {
        case .noAnswer: "the completion declares no answer"
        case .textAfterAnswer: "something stands after the answer"
        case .malformed: "the answer is not written as the task asks"
        case .unavailableNumber: "a step takes a number that is used already or was never there"
        case .wrongArithmetic: "a step's result is wrong, negative or not whole"
        case .unusedNumbers: "a number is left over"
        case .wrongValue: "an answer is declared, but it is not the right one"
        case .missedTarget: "an earlier line reaches the target and says that it does not"
        case .graderTimeLimit: "the grader took more time than it may, and was stopped"
        case .graderMemoryLimit: "the grader took more memory than it may, and was stopped"
        case .graderFailed: "the grader cannot be started, crashed or gave no verdict"
        case .modelFailed: "the model gave logits that no token can be drawn from"
        case .graderUnclear:
            "the grader's last line is no verdict, expected {\"correct\": true} or {\"correct\": false}"
        }
    }
}

/// Why there is no verifier, in one sentence.
public struct VerifierError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
