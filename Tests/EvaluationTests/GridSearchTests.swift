import Foundation
import Testing
@testable import Evaluation

@Suite struct GridSearchTests {
    /// Ten problems of which so many per cent of samples are correct; certain where no token was free.
    private func result(_ pair: StaticPair, _ percent: Int, isCertain: Bool = false) -> MethodResult {
        let problem = ProblemOutcome(
            problem: "p", samples: 100, correct: percent, truncated: 0, tokens: 100, freeTokens: isCertain ? 0 : 40)
        return MethodResult(method: "\(pair)", runs: [Outcomes(problems: Array(repeating: problem, count: 10))])
    }

    private func tenth(_ value: Double) -> Int { Int((value * 10).rounded()) }

    /// A ridge on which a higher temperature goes with a smaller P, highest at T = 1, P = 0.7.
    private func ridge(_ pair: StaticPair) -> Int {
        let t = tenth(pair.temperature), p = tenth(pair.topP)
        return 80 - 4 * abs(t + 2 * p - 24) - abs(t - 10)
    }

    private let temperatures = (3...12).map { Double($0) / 10 }, topPs = (6...10).map { Double($0) / 10 }
    private var pairs: [StaticPair] { GridSearch.pairs(temperatures, topPs) }

    @Test func findsTheTopOfARidgeThatTheSearchByCoordinatesMisses() throws {
        let grid = try #require(GridSearch(pairs, finalists: 8) { pair, _ in result(pair, ridge(pair)) })
        let search = try #require(
            ExpertTuning(temperatures: temperatures, topPs: topPs) { result($0, ridge($0)) })
        #expect(grid.best.pair == StaticPair(temperature: 1, topP: 0.7))
        #expect(search.best.pair != grid.best.pair && search.best.result.passRate < grid.best.result.passRate)
        #expect(grid.points.map(\.pair) == pairs && pairs.count == 50)
    }

    @Test func theBestOnesAreMeasuredAgainAndTheirSecondResultChooses() throws {
        let lucky = StaticPair(temperature: 0.3, topP: 1)
        var again: [StaticPair] = []
        let grid = try #require(
            GridSearch(pairs, finalists: 3) { pair, round in
                if round == .finalists { again.append(pair) }
                return result(pair, pair == lucky ? (round == .all ? 99 : 10) : ridge(pair))
            })
        #expect(again.count == 3 && again.contains(lucky))
        #expect(grid.finalists.map(\.pair) == pairs.filter(again.contains))
        #expect(grid.best.pair == StaticPair(temperature: 1, topP: 0.7) && abs(grid.best.result.passRate - 0.8) < 1e-12)
    }

    @Test func isAskedFromTheHighestTemperatureAndPOn() throws {
        var asked: [StaticPair] = []
        _ = GridSearch(pairs, finalists: 1) { pair, round in
            if round == .all { asked.append(pair) }
            return result(pair, 5)
        }
        #expect(asked == pairs.reversed())
        #expect(GridSearch(pairs, finalists: 1) { pair, _ in pair.topP == 0.6 ? nil : result(pair, 5) } == nil)
        #expect(GridSearch([], finalists: 1) { pair, _ in result(pair, 5) } == nil)
    }

    @Test func ofPointsThatEqualGreedyOneIsAFinalist() throws {
        let grid = try #require(
            GridSearch(pairs, finalists: 8) { pair, _ in
                pair.topP < 0.9 && pair.temperature < 0.7
                    ? result(pair, 90, isCertain: true) : result(pair, ridge(pair))
            })
        #expect(grid.points.count { $0.equalsGreedy } == 12)
        #expect(grid.finalists.count == 8 && grid.finalists.count { $0.equalsGreedy } == 1)
        #expect(grid.best.equalsGreedy)
    }

    @Test func whatOnePairSaysOfGreedyHoldsBelowIt() {
        var region = GreedyRegion()
        #expect(region.contains(StaticPair(temperature: 0, topP: 1)))
        #expect(region.contains(StaticPair(temperature: 1, topP: 0)))
        region.insert(StaticPair(temperature: 0.5, topP: 0.6))
        #expect(region.contains(StaticPair(temperature: 0.5, topP: 0.5)))
        #expect(region.contains(StaticPair(temperature: 0.3, topP: 0.6)))
        #expect(!region.contains(StaticPair(temperature: 0.6, topP: 0.5)))
        #expect(!region.contains(StaticPair(temperature: 0.5, topP: 0.7)))
    }

    @Test func outcomesOfAnEarlierVersionAreNeverTakenForGreedy() throws {
        var certain = result(StaticPair(temperature: 0.3, topP: 0.6), 50, isCertain: true).outcomes
        #expect(certain.isCertain)
        let kept = try JSONDecoder().decode(Outcomes.self, from: JSONEncoder().encode(certain))
        #expect(kept == certain)
        var columns = try #require(
            JSONSerialization.jsonObject(with: JSONEncoder().encode(certain)) as? [String: Any])
        columns["freeTokens"] = nil
        let old = try JSONDecoder().decode(Outcomes.self, from: JSONSerialization.data(withJSONObject: columns))
        #expect(!old.isCertain && !Outcomes(joining: [certain, old]).isCertain)
        certain.problems[0].freeTokens = 101
        #expect(certain.problems[0].flaw?.contains("found 101 of 100 tokens with a choice") == true)
    }
}
