import Configuration
import Tasks

// What a configuration's section `task` asks for, for whoever samples.

extension TaskSection {
    public var verifierName: VerifierName {
        switch verifier {
        case .countdown: .countdown
        case .exact: .exact
        case .boxed: .boxed
        case .choice: .choice
        case .command: .command
        }
    }

    /// The user's own grader; nil where none is named.
    public var grader: Grader? { graderCommand.map { Grader(command: $0, seconds: graderSeconds, megabytes: graderMegabytes) } }

    /// The task's verifier, and for problems that name another one that.
    ///
    /// - Throws: `VerifierError` for the verifier "command" without a grader.
    public func makeVerifier() throws -> any Verifier {
        try ProblemsVerifier(verifierName, grader: grader, countdownLines: judge == .everyLine ? .everyLine : .lastLine)
    }

    public var rendering: PromptRendering { PromptRendering(template: promptTemplate, command: command?.spoken) }

    /// Reads a problem file as the verifier needs it.
    ///
    /// - Throws: as `ProblemFile` does; also for a problem that asks for a grader where the task has none.
    public func problems(in file: String, limit: Int?) throws -> [Problem] {
        let problems = try ProblemFile.read(file, for: verifierName, limit: limit)
        if graderCommand == nil, let problem = problems.first(where: { $0.verifier == .command }) {
            throw JSONLinesError("\(file): problem \(problem.id) asks for the verifier \"command\", expected task.graderCommand to be given then")
        }
        return problems
    }
}

extension CommandChoice {
    fileprivate var spoken: Countdown.Command {
        switch self {
        case .certain: .certain
        case .diverse: .diverse
        }
    }
}

extension Fingerprint {
    /// What becomes of a problem, and who judges what comes of it.
    public mutating func add(_ task: TaskSection) {
        add("task.verifier", task.verifier.rawValue)
        // The default is left out, so that folders of earlier runs are gone on with.
        if task.judge != .lastLine { add("task.judge", task.judge.rawValue) }
        if task.verifier == .command {
            add("task.graderCommand", task.graderCommand ?? "null")
            // Another grader under the same command judges otherwise.
            if let files = task.grader?.fingerprint, !files.isEmpty { add("task.graderFiles", files) }
            add("task.graderSeconds", task.graderSeconds)
            add("task.graderMegabytes", task.graderMegabytes)
        }
        add("task.promptTemplate", task.promptTemplate)
        add("task.command", task.command?.rawValue ?? "null")
    }
}
