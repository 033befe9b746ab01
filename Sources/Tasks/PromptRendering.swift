import Foundation

/// From problem to prompt: a template around the problem's text, and for Countdown the spoken command before its
/// numbers.
public struct PromptRendering: Sendable, Equatable {
    /// A text with `{problem}`, which stands for the problem wherever it is.
    public var template: String
    public var command: Countdown.Command?

    public static let placeholder = "{problem}"

    public init(template: String = placeholder, command: Countdown.Command? = nil) {
        (self.template, self.command) = (template, command)
    }

    public func prompt(for problem: Problem) -> String {
        let text =
            if case .countdown(let countdown) = problem.answer { countdown.text(command: command) } else {
                problem.text
            }
        return template.replacingOccurrences(of: Self.placeholder, with: text)
    }
}
