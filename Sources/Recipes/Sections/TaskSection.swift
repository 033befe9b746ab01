import Configuration
import Generation

/// Problems, how they become prompts, and who says what a right answer is.
public struct TaskSection: Section {
    /// Problem files, one JSON object a line: for collecting, for choices between settings, and for the final figures
    /// alone.
    public var train: String?
    public var validation: String?
    public var test: String?
    /// Who judges a completion.
    public var verifier = VerifierChoice.countdown
    /// What stands around a problem, where `{problem}` marks its place; or the name of a preset, as
    /// `autodeco-generate --prompt-template` takes it.
    public var promptTemplate = placeholder
    /// Texts before which a completion ends; the verifier sees what comes before the first.
    public var stop: [String] = []
    /// Countdown alone: a spoken command before the numbers; null for none.
    public var command: CommandChoice?

    /// Countdown alone: which lines of a completion must be right.
    public var judge = LineChoice.lastLine

    /// The verifier "command", also where a problem's line names it: a shell's command line that judges a completion;
    /// null for none.
    public var graderCommand: String?
    /// What the grader may use for one completion: seconds, and MiB of memory.
    public var graderSeconds = 10.0
    public var graderMegabytes = 512

    /// Where the problem goes in ``promptTemplate``.
    public static let placeholder = "{problem}"

    public init() {}

    package static let name = "task"
    package static let keys: [Key<Self>] = [
        Key("train", \.train, .path),
        Key("validation", \.validation, .path),
        Key("test", \.test, .path),
        Key("verifier", \.verifier),
        Key(
            "promptTemplate", \.promptTemplate,
            Allowed(
                expectation:
                    "a text with \(placeholder), or one of \(PromptTemplate.presetNames.joined(separator: ", "))"
            ) { $0.contains(placeholder) || PromptTemplate.presetNames.contains($0) }),
        Key("stop", \.stop, .notEmpty, mayBeEmpty: true),
        Key("command", \.command),
        Key("judge", \.judge),
        Key("graderCommand", \.graderCommand, .notEmpty),
        Key(
            "graderSeconds", \.graderSeconds,
            Allowed(expectation: "a number above 0, at most 3600") { $0 > 0 && $0 <= 3600 }),
        Key("graderMegabytes", \.graderMegabytes, .within(1...1_048_576)),
    ]

    package var contradiction: (key: String, sentence: String)? {
        if verifier == .command, graderCommand == nil {
            return ("graderCommand", "is null, expected a command line: the verifier \"command\" runs it")
        }
        if verifier == .countdown, graderCommand != nil {
            return ("graderCommand", "is given, expected null: only the verifier \"command\" runs one")
        }
        if verifier != .countdown, judge != .lastLine {
            return (
                "judge",
                "is \"\(judge.rawValue)\", expected \"lastLine\": only the verifier \"countdown\" judges lines"
            )
        }
        guard let command, verifier != .countdown else { return nil }
        return (
            "command",
            "is \"\(command.rawValue)\", expected null: only problems of the verifier \"countdown\" know commands"
        )
    }
}

/// The verifiers that there are.
public enum VerifierChoice: String, KeyChoice, KeyValue {
    /// Arithmetic over given numbers that must reach a target.
    case countdown
    /// The completion is the answer, but for white space around it.
    case exact
    /// The last `\boxed{…}` is the answer, compared as LaTeX.
    case boxed
    /// The option that is picked, A to J.
    case choice
    /// A program of the user's own.
    case command
}

/// Which lines of a Countdown completion must be right: the one that declares the answer, or every attempt before it,
/// too.
public enum LineChoice: String, KeyChoice, KeyValue {
    case lastLine, everyLine
}

/// The spoken commands of Countdown prompts.
public enum CommandChoice: String, KeyChoice, KeyValue {
    case certain, diverse
}
