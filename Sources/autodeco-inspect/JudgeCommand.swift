import Files
import Tasks
import Terminal

private let verifierFlag = Flag.choice("verifier", VerifierName.allCases.map(\.rawValue), "who judges").required()
private let linesFlag = Flag.choice(
    "judge", ["everyLine", "lastLine"], "of countdown: which lines of a completion must be right; lastLine if not given"
)
private let commandFlag = Flag.string("command", "TEXT", "of command: the grader's command line")
private let completionsFlag = Flag.string(
    "input", "FILE",
    "JSONL file, one {\"completion\": …, \"answer\": …} a line, or a problem's members in place of the answer"
).required()

/// `autodeco-inspect judge`: what a verifier says about completions of one's own, and why.
let judgeCommand = Command(
    "judge", "Judges completions by a verifier, with the reason.",
    flags: [verifierFlag, linesFlag, commandFlag, completionsFlag, jsonFlag]
) { arguments, console in
    let name = try verifierName(arguments[verifierFlag])
    if arguments[linesFlag] != nil, name != .countdown {
        throw InputError("--judge is given, expected none: only the verifier countdown judges lines")
    }
    if arguments[commandFlag] == nil, name == .command {
        throw InputError("--command is missing, expected the grader's command line: the verifier command runs it")
    }
    let verifier = try ProblemsVerifier(
        name, grader: arguments[commandFlag].map { Grader(command: $0) },
        countdownLines: arguments[linesFlag] == "everyLine" ? .everyLine : .lastLine)
    let file = try JudgedCompletions(arguments[completionsFlag], for: name)
    Interruption.watch(beforeEnding: CommandVerifier.endAll)
    var counts: [Judgement.Verdict: Int] = [:]
    while let (completion, problem) = try file.next() {
        try Interruption.check()
        guard problem.verifier != .command || arguments[commandFlag] != nil else {
            throw InputError(
                "\(arguments[completionsFlag]), line \(file.lineNumber): asks for "
                    + "the verifier command, expected --command"
            )
        }
        let judgement = Judgement(verifier.verdict(on: completion, of: problem))
        counts[judgement.verdict, default: 0] += 1
        if arguments[jsonFlag] {
            try console.print(json: judgement)
        } else {
            try console.print("line \(file.lineNumber): \(judgement.verdict.rawValue), \(judgement.reason)")
        }
    }
    guard !counts.isEmpty else {
        throw InputError("\(arguments[completionsFlag]): holds no completions, expected one a line")
    }
    let words = Judgement.Verdict.allCases.map { "\(counts[$0] ?? 0) \($0.rawValue)" }
    console.note(words.joined(separator: ", "))
}

private func verifierName(_ text: String) throws -> VerifierName {
    guard let name = VerifierName(rawValue: text) else {
        throw InputError("--verifier is '\(text)', expected one of \(VerifierName.list)")
    }
    return name
}

/// A verdict as it is printed.
private struct Judgement: Encodable {
    enum Verdict: String, Encodable, CaseIterable {
        case correct, wrong
        /// The verifier itself failed.
        case fault
    }

    let verdict: Verdict
    let reason: String

    init(_ verdict: Tasks.Verdict) {
        switch verdict {
        case .correct: (self.verdict, reason) = (.correct, "the answer is right")
        case .wrong(let fault): (self.verdict, reason) = (fault.isOfVerifier ? .fault : .wrong, fault.description)
        }
    }
}
