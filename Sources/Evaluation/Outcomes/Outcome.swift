import Tasks

/// How the samples of one problem turned out.
public struct ProblemOutcome: Sendable, Equatable {
    public var problem: String
    /// Samples drawn, those that the verifier accepts, and those that were cut off before their end token.
    public var samples, correct, truncated: Int
    /// Tokens of all samples, end tokens included.
    public var tokens: Int
    /// Samples that were not judged, because the verifier or the model failed, and the first reason (one of the
    /// verifier where there is one). They count as wrong.
    public var faults: Int
    public var firstFault: Fault?
    /// Tokens at whose place more than one could have been drawn; nil in what an earlier version has kept.
    public var freeTokens: Int?
    /// Sums over tokens of the temperature and top-p that they were drawn at.
    public var temperatureSum, topPSum: Double

    public init(
        problem: String, samples: Int, correct: Int, truncated: Int, tokens: Int, faults: Int = 0,
        firstFault: Fault? = nil, freeTokens: Int? = nil, temperatureSum: Double = 0, topPSum: Double = 0
    ) {
        self.freeTokens = freeTokens
        (self.problem, self.samples, self.correct, self.truncated, self.tokens) = (
            problem, samples, correct, truncated, tokens
        )
        (self.faults, self.firstFault, self.temperatureSum, self.topPSum) = (
            faults, firstFault, temperatureSum, topPSum
        )
    }

    /// Share of the samples that solve the problem: its pass@1.
    public var passRate: Double { Double(correct) / Double(samples) }
    /// Of a token; nil where there is none.
    public var meanTemperature: Double? { tokens > 0 ? temperatureSum / Double(tokens) : nil }
    public var meanTopP: Double? { tokens > 0 ? topPSum / Double(tokens) : nil }

    /// More samples of the same problem.
    static func += (a: inout ProblemOutcome, b: ProblemOutcome) {
        a.samples += b.samples
        a.correct += b.correct
        a.truncated += b.truncated
        a.tokens += b.tokens
        a.faults += b.faults
        a.firstFault = Fault.first(a.firstFault, b.firstFault)
        a.freeTokens = a.freeTokens.flatMap { ours in b.freeTokens.map { ours + $0 } }
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
    /// Samples that were not judged, and the first reason.
    public var faults: Int { problems.reduce(0) { $0 + $1.faults } }
    public var firstFault: Fault? { problems.reduce(nil) { Fault.first($0, $1.firstFault) } }
    /// Whether the verifier failed on a sample: to ask it again may give another outcome.
    public var hasFaultOfVerifier: Bool { firstFault?.isOfVerifier ?? false }
    /// Whether at no place more than the likeliest token could be drawn, so that all samples are greedy decoding's.
    public var isCertain: Bool { problems.allSatisfy { $0.freeTokens == 0 } }
    /// Of a token; nil where there is none, because each sample broke down before its first.
    public var meanTemperature: Double? { mean(of: \.temperatureSum) }
    public var meanTopP: Double? { mean(of: \.topPSum) }

    private func mean(of sum: KeyPath<ProblemOutcome, Double>) -> Double? {
        tokens > 0 ? problems.reduce(0) { $0 + $1[keyPath: sum] } / Double(tokens) : nil
    }
}
