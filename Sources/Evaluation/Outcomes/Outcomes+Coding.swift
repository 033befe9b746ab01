import Tasks

/// Stored by columns, which takes a third of the room that problem by problem would.
extension Outcomes: Codable {
    private struct Columns: Codable {
        var problem: [String]
        var samples, correct, truncated, tokens, faults: [Int]
        var firstFault: [Fault?]
        /// Not there in files of earlier versions.
        var freeTokens: [Int?]?
        var temperatureSum, topPSum: [Double]
    }

    public func encode(to encoder: any Encoder) throws {
        try Columns(
            problem: problems.map(\.problem), samples: problems.map(\.samples), correct: problems.map(\.correct),
            truncated: problems.map(\.truncated), tokens: problems.map(\.tokens), faults: problems.map(\.faults),
            firstFault: problems.map(\.firstFault), freeTokens: problems.map(\.freeTokens),
            temperatureSum: problems.map(\.temperatureSum),
            topPSum: problems.map(\.topPSum)
        ).encode(to: encoder)
    }

    public init(from decoder: any Decoder) throws {
        let columns = try Columns(from: decoder), count = columns.problem.count
        let counts = [columns.samples, columns.correct, columns.truncated, columns.tokens, columns.faults].map(\.count)
        guard counts.allSatisfy({ $0 == count }), columns.firstFault.count == count,
            columns.temperatureSum.count == count,
            columns.topPSum.count == count, columns.freeTokens.map({ $0.count == count }) ?? true
        else { throw EvaluationError("the columns of a run's outcomes differ in length") }
        problems = (0..<count).map { i in
            ProblemOutcome(
                problem: columns.problem[i], samples: columns.samples[i], correct: columns.correct[i],
                truncated: columns.truncated[i],
                tokens: columns.tokens[i], faults: columns.faults[i], firstFault: columns.firstFault[i],
                freeTokens: columns.freeTokens?[i], temperatureSum: columns.temperatureSum[i],
                topPSum: columns.topPSum[i])
        }
        for problem in problems {
            if let flaw = problem.flaw { throw EvaluationError("problem \(problem.problem): \(flaw)") }
        }
    }
}
