import Tasks

/// How the samples of one problem turned out.
public struct ProblemOutcome: Sendable, Equatable {
    public var problem: String
    /// Samples drawn, those that the verifier accepts, and those that were cut off before their end token.
    public var samples, correct, truncated: Int
    /// Tokens of all samples, end tokens included.
    public var tokens: Int
    /// Samples on which the verifier itself failed, and how it failed first. They count as wrong.
    public var faults: Int
    public var firstFault: Fault?
    /// Sums over tokens of the temperature and top-p that they were drawn at.
    public var temperatureSum, topPSum: Double

    public init(
        problem: String, samples: Int, correct: Int, truncated: Int, tokens: Int, faults: Int = 0,
        firstFault: Fault? = nil,
        temperatureSum: Double = 0, topPSum: Double = 0
    ) {
        (self.problem, self.samples, self.correct, self.truncated, self.tokens) = (
            problem, samples, correct, truncated, tokens
        )
        (self.faults, self.firstFault, self.temperatureSum, self.topPSum) = (
            faults, firstFault, temperatureSum, topPSum
        )
    }

    /// Share of the samples that solve the problem: its pass@1.
    public var passRate: Double { Double(correct) / Double(samples) }
    /// Of a token.
    public var meanTemperature: Double { temperatureSum / Double(tokens) }
    public var meanTopP: Double { topPSum / Double(tokens) }

    /// More samples of the same problem.
    static func += (a: inout ProblemOutcome, b: ProblemOutcome) {
        a.samples += b.samples
        a.correct += b.correct
        a.truncated += b.truncated
        a.tokens += b.tokens
        a.faults += b.faults
        a.firstFault = a.firstFault ?? b.firstFault
        a.temperatureSum += b.temperatureSum
        a.topPSum += b.topPSum
    }
}

/// A method's outcomes on a list of problems, of one seed or of several together.
public struct Outcomes: Sendable, Equatable {
    public var problems: [ProblemOutcome]

    public init(problems: [ProblemOutcome]) { self.problems = problems }

    /// Of each problem its samples under all seeds.
    ///
    /// - Parameter runs: of the same problems in the same order.
    public init(joining runs: [Outcomes]) {
        problems = runs.first?.problems ?? []
        for run in runs.dropFirst() {
            for place in problems.indices { problems[place] += run.problems[place] }
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
    /// Samples on which the verifier itself failed, and how it failed first.
    public var faults: Int { problems.reduce(0) { $0 + $1.faults } }
    public var firstFault: Fault? { problems.lazy.compactMap(\.firstFault).first }
    /// Of a token.
    public var meanTemperature: Double { problems.reduce(0) { $0 + $1.temperatureSum } / Double(tokens) }
    public var meanTopP: Double { problems.reduce(0) { $0 + $1.topPSum } / Double(tokens) }
}
