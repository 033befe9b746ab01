import Configuration
import Files
import Generation
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
    public var grader: Grader? {
        graderCommand.map { Grader(command: $0, seconds: graderSeconds, megabytes: graderMegabytes) }
    }

    /// The task's verifier, and for problems that name another one that.
    ///
    /// - Throws: `VerifierError` for the verifier "command" without a grader.
    public func makeVerifier() throws -> any Verifier {
        try ProblemsVerifier(
            verifierName, grader: grader, countdownLines: judge == .everyLine ? .everyLine : .lastLine)
    }

    /// What stands around a problem: `task.promptTemplate`, or the preset that it names.
    public var rendering: PromptRendering {
        let preset = PromptTemplate(preset: promptTemplate)
        return PromptRendering(
            template: preset?.filled(with: Self.placeholder) ?? promptTemplate, command: command?.spoken)
    }

    /// Reads a problem file as the verifier needs it.
    ///
    /// - Throws: as `ProblemFile` does; also for a problem that asks for a grader where the task has none.
    public func problems(in file: String, limit: Int?) throws -> [Problem] {
        let problems = try ProblemFile.read(file, for: verifierName, limit: limit)
        if graderCommand == nil, let problem = problems.first(where: { $0.verifier == .command }) {
            throw JSONLinesError(
                "\(file): problem \(problem.id) asks for the verifier \"command\", "
                    + "expected task.graderCommand to name its grader"
            )
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
    ///
    /// - Throws: `FingerprintError` where a file of the grader cannot be read.
    public mutating func add(_ task: TaskSection) throws {
        add("task.verifier", task.verifier.rawValue)
        // The default is left out, so that folders of earlier runs are gone on with.
        if task.judge != .lastLine { add("task.judge", task.judge.rawValue) }
        if task.graderCommand != nil {
            add("task.graderCommand", task.graderCommand ?? "null")
            // A grader whose file has changed is another grader: what the old one said does not stay.
            for file in GraderFiles.named(in: task.graderCommand ?? "") { try add("grader \(file)", contentOf: file) }
            add("task.graderSeconds", task.graderSeconds)
            add("task.graderMegabytes", task.graderMegabytes)
        }
        add("task.promptTemplate", task.promptTemplate)
        // Runs from before there were stop texts go on.
        if !task.stop.isEmpty { add("task.stop", "\(task.stop)") }
        add("task.command", task.command?.rawValue ?? "null")
    }
}
