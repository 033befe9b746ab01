import Tasks

/// Stored by columns, which takes a third of the room that problem by problem would.
extension Outcomes: Codable {
    private struct Columns: Codable {
        var problem: [String]
        var samples, correct, truncated, tokens, faults: [Int]
        var firstFault: [Fault?]
        var temperatureSum, topPSum: [Double]
    }

    public func encode(to encoder: any Encoder) throws {
        try Columns(
            problem: problems.map(\.problem), samples: problems.map(\.samples), correct: problems.map(\.correct),
            truncated: problems.map(\.truncated), tokens: problems.map(\.tokens), faults: problems.map(\.faults),
            firstFault: problems.map(\.firstFault), temperatureSum: problems.map(\.temperatureSum),
            topPSum: problems.map(\.topPSum)
        ).encode(to: encoder)
    }

    public init(from decoder: any Decoder) throws {
        let columns = try Columns(from: decoder), count = columns.problem.count
        let counts = [columns.samples, columns.correct, columns.truncated, columns.tokens, columns.faults].map(\.count)
        guard counts.allSatisfy({ $0 == count }), columns.firstFault.count == count,
            columns.temperatureSum.count == count,
            columns.topPSum.count == count
        else { throw EvaluationError("the columns of a run's outcomes differ in length") }
        let largest = 1 << 40
        for i in 0..<count {
            // Sums over problems and seeds must not overflow, and shares must be shares.
            let samples = columns.samples[i], parts = [columns.correct[i], columns.truncated[i], columns.faults[i]]
            guard (1...largest).contains(samples), parts.allSatisfy({ (0...samples).contains($0) }),
                (0...largest).contains(columns.tokens[i]), columns.temperatureSum[i].isFinite,
                columns.topPSum[i].isFinite
            else { throw EvaluationError("the outcomes of problem \(columns.problem[i]) contradict each other") }
        }
        problems = (0..<count).map { i in
            ProblemOutcome(
                problem: columns.problem[i], samples: columns.samples[i], correct: columns.correct[i],
                truncated: columns.truncated[i],
                tokens: columns.tokens[i], faults: columns.faults[i], firstFault: columns.firstFault[i],
                temperatureSum: columns.temperatureSum[i], topPSum: columns.topPSum[i])
        }
    }
}
