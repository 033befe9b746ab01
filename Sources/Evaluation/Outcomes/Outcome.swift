/// How the samples of one problem turned out.
public struct ProblemOutcome: Sendable, Equatable, Codable {
    public let problem: String
    /// Samples drawn, those that the verifier accepts, and those that were cut off before their end token.
    public let samples, correct, truncated: Int
    /// Tokens of all samples, end tokens included.
    public let tokens: Int

    public init(problem: String, samples: Int, correct: Int, truncated: Int, tokens: Int) {
        (self.problem, self.samples, self.correct, self.truncated, self.tokens) = (problem, samples, correct, truncated, tokens)
    }

    /// Share of the samples that solve the problem: its pass@1.
    public var passRate: Double { Double(correct) / Double(samples) }
}

/// A method's outcomes on a list of problems, of one seed or of several together.
public struct Outcomes: Sendable, Equatable, Codable {
    public var problems: [ProblemOutcome]

    public init(problems: [ProblemOutcome]) { self.problems = problems }

    /// Of each problem its samples under all seeds.
    ///
    /// - Parameter runs: of the same problems in the same order.
    public init(joining runs: [Outcomes]) {
        problems = (runs.first?.problems ?? []).indices.map { place in
            let ofProblem = runs.map { $0.problems[place] }
            return ProblemOutcome(
                problem: ofProblem[0].problem, samples: ofProblem.reduce(0) { $0 + $1.samples },
                correct: ofProblem.reduce(0) { $0 + $1.correct }, truncated: ofProblem.reduce(0) { $0 + $1.truncated },
                tokens: ofProblem.reduce(0) { $0 + $1.tokens })
        }
    }

    /// Pass@1 of each problem, in [0, 1].
    public var passRates: [Double] { problems.map(\.passRate) }
    /// Pass@1: the mean over problems, in [0, 1].
    public var passRate: Double { passRates.reduce(0, +) / Double(problems.count) }
    public var samples: Int { problems.reduce(0) { $0 + $1.samples } }
    public var tokens: Int { problems.reduce(0) { $0 + $1.tokens } }
    /// Tokens of a completion, on average.
    public var meanLength: Double { Double(tokens) / Double(samples) }
    /// Share of the samples that were cut off.
    public var truncatedShare: Double { Double(problems.reduce(0) { $0 + $1.truncated }) / Double(samples) }
}
