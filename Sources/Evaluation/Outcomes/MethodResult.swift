/// What a method reached under several seeds, on the same problems.
public struct MethodResult: Sendable, Equatable {
    public let method: String
    /// One run a seed; a deterministic method has one.
    public let runs: [Outcomes]
    /// All runs together.
    public let outcomes: Outcomes

    public init(method: String, runs: [Outcomes]) {
        (self.method, self.runs, outcomes) = (method, runs, Outcomes(joining: runs))
    }

    /// Pass@1 in [0, 1].
    public var passRate: Double { outcomes.passRate }

    /// Standard deviation of pass@1 over seeds (with n − 1); nil for a single run.
    public var deviation: Double? {
        guard runs.count > 1 else { return nil }
        let rates = runs.map(\.passRate), mean = rates.reduce(0, +) / Double(rates.count)
        return (rates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rates.count - 1)).squareRoot()
    }
}
