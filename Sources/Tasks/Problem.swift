/// One problem of a task: what is asked, and what a verifier needs to judge an answer.
public struct Problem: Sendable, Equatable {
    public let id: String
    /// What is asked, before any prompt template.
    public let text: String
    public let answer: Answer
    /// What else the line says, in the order of the line, where a grader judges.
    public let members: [Member]
    /// Who judges its completions, where the line names one.
    public let verifier: VerifierName?

    public init(id: String, text: String, answer: Answer, members: [Member] = [], verifier: VerifierName? = nil) {
        (self.id, self.text, self.answer, self.members, self.verifier) = (id, text, answer, members, verifier)
    }

    /// A member of a JSON object, its value as it is written.
    public struct Member: Sendable, Equatable {
        public let name: String
        public let json: String

        public init(name: String, json: String) { (self.name, self.json) = (name, json) }
    }

    public enum Answer: Sendable, Equatable {
        case countdown(Countdown)
        /// What the right answer says.
        case text(String)
        /// Only a grader can judge.
        case absent
    }
}

/// Given numbers, each to be used once, and what they shall reach with + − × ÷.
public struct Countdown: Sendable, Equatable {
    /// At least two, none negative.
    public let numbers: [Int]
    /// Not negative.
    public let target: Int

    public init(numbers: [Int], target: Int) { (self.numbers, self.target) = (numbers, target) }

    /// The words that a prompt can begin with, and that a model may follow.
    public enum Command: String, Sendable, CaseIterable {
        case certain, diverse
    }

    /// `3 12 11>99:` and a line break, behind the command where there is one.
    public func text(command: Command? = nil) -> String {
        (command.map { "\($0.rawValue) " } ?? "") + numbers.map(String.init).joined(separator: " ") + ">\(target):\n"
    }
}
