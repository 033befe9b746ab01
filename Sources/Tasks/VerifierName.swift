/// The task's verifiers by name.
public enum VerifierName: String, Sendable, CaseIterable {
    case countdown, exact, boxed, choice, command

    /// - Parameters:
    ///   - grader: what ``command`` runs; others know none.
    ///   - countdownLines: which lines ``countdown`` judges.
    /// - Throws: ``VerifierError`` for `command` without a grader.
    public func verifier(
        grader: Grader? = nil, countdownLines: CountdownVerifier.Lines = .lastLine
    ) throws -> any Verifier {
        switch self {
        case .countdown: return CountdownVerifier(countdownLines)
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

    /// `countdown, exact, …`, for messages.
    public static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// Judges each problem's completions by the verifier that its line names, and by the task's where it names none.
public struct ProblemsVerifier: Verifier {
    private let name: VerifierName
    private let verifiers: [VerifierName: any Verifier]

    /// - Parameters:
    ///   - name: the task's verifier.
    ///   - grader: what `command` runs, wherever it is asked for.
    ///   - countdownLines: which lines `countdown` judges.
    /// - Throws: ``VerifierError`` where the task's verifier is `command` and there is no grader.
    public init(_ name: VerifierName, grader: Grader? = nil, countdownLines: CountdownVerifier.Lines = .lastLine) throws
    {
        var verifiers = [name: try name.verifier(grader: grader, countdownLines: countdownLines)]
        for other in VerifierName.allCases where verifiers[other] == nil && (other != .command || grader != nil) {
            verifiers[other] = try other.verifier(grader: grader, countdownLines: countdownLines)
        }
        (self.name, self.verifiers) = (name, verifiers)
    }

    public func verdict(on completion: String, of problem: Problem) -> Verdict {
        // Only a grader can be missing.
        verifiers[problem.verifier ?? name]?.verdict(on: completion, of: problem) ?? .wrong(.graderFailed)
    }
}
