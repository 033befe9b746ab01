import Backbone
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

    /// - Throws: `VerifierError` for the verifier "command" without a grader.
    public func makeVerifier() throws -> any Verifier {
        try verifierName.verifier(grader: graderCommand.map { Grader(command: $0, seconds: graderSeconds, megabytes: graderMegabytes) })
    }

    /// What stands around a problem: `task.promptTemplate`, or the preset that it names.
    ///
    /// - Throws: ``SamplingError`` for a name that no preset has; `PromptError` for a preset whose control tokens the tokenizer does not have.
    public func rendering(for tokenizer: Tokenizer) throws -> PromptRendering {
        var template = promptTemplate
        if !template.contains(Self.placeholder) {
            guard PromptTemplate.presetNames.contains(template) else {
                throw SamplingError(
                    "task.promptTemplate is \"\(template)\", expected a text with \(Self.placeholder) or one of "
                        + PromptTemplate.presetNames.joined(separator: ", "))
            }
            let preset = try PromptTemplate(template)
            try tokenizer.requireControlTokens(of: preset)
            template = preset.filled(with: Self.placeholder)
        }
        return PromptRendering(template: template, command: command?.spoken)
    }

    /// Reads a problem file as the verifier needs it.
    ///
    /// - Throws: as `ProblemFile` does.
    public func problems(in file: String, limit: Int?) throws -> [Problem] { try ProblemFile.read(file, for: verifierName, limit: limit) }
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
        if task.verifier == .command {
            add("task.graderCommand", task.graderCommand ?? "null")
            add("task.graderSeconds", task.graderSeconds)
            add("task.graderMegabytes", task.graderMegabytes)
        }
        add("task.promptTemplate", task.promptTemplate)
        // Runs from before there were stop texts go on.
        if !task.stop.isEmpty { add("task.stop", "\(task.stop)") }
        add("task.command", task.command?.rawValue ?? "null")
    }
}
