import Testing
@testable import Evaluation

@Suite struct ExpertTuningTests {
    /// A method with this share of ten samples correct on each of ten problems.
    private func result(_ pair: StaticPair, _ tenths: Int) -> MethodResult {
        let problem = ProblemOutcome(problem: "p", samples: 10, correct: tenths, truncated: 0, tokens: 100)
        return MethodResult(method: "\(pair)", runs: [Outcomes(problems: Array(repeating: problem, count: 10))])
    }

    @Test func findsThePlantedOptimum() throws {
        // Best at T = 0.7, and there at P = 0.9.
        let tuning = try #require(
            ExpertTuning(temperatures: [1, 0.4, 0.7], topPs: [1, 0.8, 0.9]) { pair in
                result(
                    pair,
                    9 - Int((abs(pair.temperature - 0.7) * 10).rounded()) - Int((abs(pair.topP - 0.9) * 10).rounded()))
            })
        #expect(tuning.best.pair == StaticPair(temperature: 0.7, topP: 0.9))
        #expect(
            tuning.temperatures.map(\.pair.temperature) == [0.4, 0.7, 1]
                && tuning.temperatures.allSatisfy { $0.pair.topP == 1 })
        #expect(
            tuning.topPs.map(\.pair.topP) == [0.8, 0.9, 1] && tuning.topPs.allSatisfy { $0.pair.temperature == 0.7 })
    }

    @Test func measuresNoPairTwice() throws {
        var asked: [StaticPair] = []
        _ = ExpertTuning(temperatures: [0.5, 1], topPs: [0.5, 1]) { pair in
            asked.append(pair)
            return result(pair, pair.temperature == 1 ? 5 : 4)
        }
        #expect(asked.count == 3 && Set(asked).count == 3)
    }

    @Test func ofEqualsTheColderAndTheNarrowerIsBest() throws {
        let tuning = try #require(ExpertTuning(temperatures: [1, 0.5], topPs: [0.9, 0.6, 1]) { result($0, 5) })
        #expect(tuning.best.pair == StaticPair(temperature: 0.5, topP: 0.6))
    }

    @Test func greedyNeedsNoTopP() throws {
        let tuning = try #require(
            ExpertTuning(temperatures: [0, 1], topPs: [0.5]) { result($0, $0.temperature == 0 ? 6 : 5) })
        #expect(tuning.best.pair == StaticPair(temperature: 0, topP: 1) && tuning.topPs.isEmpty)
    }

    @Test func endsWhereTheMeasurementIsCancelled() {
        #expect(ExpertTuning(temperatures: [0.5, 1], topPs: []) { $0.temperature == 1 ? nil : result($0, 5) } == nil)
    }
}

@Suite struct MethodResultTests {
    @Test func theDeviationIsThatOfSeeds() throws {
        let runs = [2, 4].map { correct in
            Outcomes(problems: [ProblemOutcome(problem: "p", samples: 10, correct: correct, truncated: 1, tokens: 50)])
        }
        let result = MethodResult(method: "m", runs: runs)
        #expect(abs(try #require(result.deviation) - 0.02.squareRoot()) < 1e-12)
        #expect(abs(result.passRate - 0.3) < 1e-12 && result.outcomes.samples == 20 && result.outcomes.meanLength == 5)
        #expect(abs(result.outcomes.truncatedShare - 0.1) < 1e-12)
        #expect(MethodResult(method: "m", runs: [runs[0]]).deviation == nil)
    }
}
