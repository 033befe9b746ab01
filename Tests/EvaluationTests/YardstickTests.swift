import Decoding
import Foundation
import Testing
@testable import Evaluation

/// Both searches for a static pair in one evaluation, and the rows that the yardstick is held against.
@Suite struct YardstickTests {
    private static let grid = [
        "evaluation.gridTemperatures=[0.02, 0.5, 1]", "evaluation.gridTopPs=[0.3, 0.8, 1]", "evaluation.gridSamples=1",
        "evaluation.gridFinalSamples=2", "evaluation.gridFinalists=2", "evaluation.commandProblems=0",
        "evaluation.generations=0", "evaluation.problems=2", "evaluation.maxTokens=12",
    ]

    private func plan(
        _ evaluation: EmbeddedEvaluation, heads: String? = nil, _ more: String...
    ) throws -> EvaluationPlan {
        let all = Self.grid + more
        return try evaluation.plan(heads: heads, overrides: all)
    }

    @Test func bothSearchesHaveARowAndTheGridsPickIsTheYardstick() throws {
        let evaluation = try EmbeddedEvaluation()
        let planted = try evaluation.writeHeads("planted", seed: 3), paper = try evaluation.writeHeads("paper", seed: 4)
        let improved = try evaluation.writeHeads("improved", seed: 5)
        let results = try EmbeddedEvaluation.run(
            plan(
                evaluation, heads: evaluation.writeHeads("run", seed: 1), "evaluation.planted=\(planted)",
                "evaluation.paperRecipe=\(paper)", "evaluation.improved=\(improved)", "evaluation.filter=soft")
        ).results
        let roles = results.rows.compactMap(\.role)
        #expect(Set(roles).count == roles.count && Set(roles) == Set(EvaluationResults.Role.allCases))
        #expect(Set(results.rows.map(\.name)).count == results.rows.count && results.missing.isEmpty)
        let grid = try #require(results.grid), best = try #require(results.row(.bestPair))
        #expect(grid.points.count == 9 && grid.finalists.count == 2 && best.pair == grid.best)
        #expect(results.row(.paperPair)?.pair == results.tuning?.best && results.yardstick == .bestPair)
        #expect(results.curves.first { $0.aboveBest == nil }?.name == best.name)
        // Rivals stand under the configured filter alone.
        for role in [EvaluationResults.Role.planted, .paperRecipe, .improved] {
            let row = try #require(results.row(role))
            #expect(row.samplesPerProblem == 2 && results.difference(row, best) != nil, "\(role)")
            #expect(results.comparisons.contains { $0.first == row.name && $0.second == best.name })
            #expect(results.comparisons.contains { $0.first == "AutoDeco" && $0.second == row.name })
        }
        #expect(results.rows.filter { $0.group == .filters }.allSatisfy { $0.heads == "run" && $0.filter != nil })
        #expect(results.text.contains("The room: heads planted by hand solve"))
        #expect(!results.text.lowercased().contains("heads planted by hand learn"))
        let names = Set(results.rows.map(\.name))
        for pair in results.comparisons { #expect(names.contains(pair.first) && names.contains(pair.second)) }
    }

    @Test func theDocumentHasTheKeysThatOthersRead() throws {
        let evaluation = try EmbeddedEvaluation(), plan = try plan(evaluation)
        _ = try EmbeddedEvaluation.run(plan)
        let data = try Data(contentsOf: plan.folder.appendingPathComponent("results.json"))
        let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let rows = try #require(object["rows"] as? [[String: Any]])
        #expect(
            rows.compactMap { $0["role"] as? String }.prefix(4) == [
                "greedy", "defaultSampling", "paperPair", "bestPair",
            ])
        let comparisons = try #require(object["comparisons"] as? [[String: Any]])
        let first = try #require(comparisons.first { $0["second"] as? String == "greedy" })
        let best = rows.first { $0["role"] as? String == "bestPair" },
            greedy = rows.first { $0["role"] as? String == "greedy" }
        #expect(first["first"] as? String == best?["name"] as? String)
        let difference = try #require(first["difference"] as? [String: Any])
        func rate(_ row: [String: Any]?) -> Double { ((row?["passAt1"] as? [String: Any])?["mean"] as? Double) ?? .nan }
        let mean = try #require(difference["mean"] as? Double)
        #expect(
            abs(mean - (rate(best) - rate(greedy))) < 1e-12 && difference["lower"] != nil && difference["upper"] != nil)
    }

    @Test func withoutAGridThePapersPickIsTheYardstick() throws {
        let evaluation = try EmbeddedEvaluation()
        let results = try EmbeddedEvaluation.run(plan(evaluation, heads: nil, "evaluation.gridTopPs=[]")).results
        #expect(results.yardstick == .paperPair && results.grid == nil && results.row(.bestPair) == nil)
        #expect(results.curves.first { $0.aboveBest == nil }?.name == "best pair of the paper's search")
        #expect(results.comparisons.map(\.first).allSatisfy { $0 == "best pair of the paper's search" })
    }

    @Test func pointsThatEqualGreedyAreMeasuredOnce() throws {
        let evaluation = try EmbeddedEvaluation()
        var began: [String] = [], sampled = 0, shared = 0, planned = 0
        let results = try Evaluator(
            plan(evaluation, heads: nil, "evaluation.temperatures=[0.02]", "evaluation.topPs=[0.1, 0.3]")
        )
        .run {
            switch $0 {
            case .began(let method): began.append(method)
            case .completed(let count): sampled += count
            case .shared(let count): shared += count
            case .planned(let all, _): planned = all
            default: break
            }
        }
        // At T = 0.02 the likeliest token has all but everything: P = 0.8 says so of 0.3 and, in the search, of 0.1.
        let cold = try #require(results.grid).points.filter { $0.pair.temperature == 0.02 }
        #expect(cold.map(\.equalsGreedy) == [true, true, false])
        #expect(began.contains("T = 0.02, P = 0.8") && !began.contains("T = 0.02, P = 0.3"))
        #expect(!began.contains("T = 0.02, P = 0.1") && shared > 0)
        #expect(results.tuning?.topPs.allSatisfy { $0.equalsGreedy } == true)
        #expect(results.text.contains("nothing but the likeliest token could be drawn"))
        let greedy = try #require(results.row(.greedy)).passAt1.mean
        #expect(cold.filter(\.equalsGreedy).allSatisfy { abs($0.passAt1.mean - greedy) < 1e-12 })
        #expect(sampled + shared <= planned)
    }

    @Test func anInterruptedGridEndsAsAnUninterruptedOne() throws {
        let whole = try EmbeddedEvaluation(), parts = try EmbeddedEvaluation()
        let expected = try EmbeddedEvaluation.run(plan(whole))
        let plan = try plan(parts)
        var sampled = 0
        for stop in [5, 12] {
            #expect(throws: CancellationError.self) {
                _ = try Evaluator(plan).run {
                    if case .completed(let count) = $0 { sampled += count }
                } isCancelled: {
                    sampled >= stop
                }
            }
        }
        var stored = 0, rest = 0, planned = 0
        let results = try Evaluator(plan).run {
            if case .planned(let all, let count) = $0 { (planned, stored) = (all, count) }
            if case .completed(let count) = $0 { rest += count }
            if case .shared(let count) = $0 { rest += count }
        }
        #expect(results.lasting == expected.results.lasting)
        #expect(stored > 0 && rest > 0 && stored + rest <= planned)
    }

    @Test func aGridPointUsesAsManySeedsAsGiveEqualParts() throws {
        let pair = StaticPair(temperature: 0.5, topP: 0.9)
        func planned(_ total: Int, seeds: Int) throws -> PlannedMethod {
            PlannedMethod(
                try Method(pair: pair), .gridPoint(pair), .tuning, pair: pair, seeds: Array(0..<seeds), total: total)
        }
        for (total, seeds, used) in [(4, 8, 4), (8, 8, 8), (4, 3, 1), (12, 8, 4)] {
            let method = try planned(total, seeds: seeds)
            #expect(method.seeds == Array(0..<used) && method.samplesPerProblem == total)
        }
    }

    @Test func impossibleGridsAreRefused() throws {
        let evaluation = try EmbeddedEvaluation()
        func sentence(_ overrides: String...) -> String {
            do { _ = try evaluation.plan(heads: nil, overrides: overrides) } catch { return "\(error)" }
            return ""
        }
        let many = "[\((1...200).map { "\(Double($0) / 1000)" }.joined(separator: ", "))]"
        #expect(
            sentence("evaluation.gridTemperatures=\(many)", "evaluation.gridTopPs=\(many)").contains(
                "evaluation.gridTemperatures has 200 values, with 200 of evaluation.gridTopPs 40000 points"
            ))
        #expect(
            sentence("evaluation.gridFinalSamples=3").contains(
                "evaluation.gridFinalSamples is 3, expected at least evaluation.gridSamples, 4"))
        #expect(sentence("evaluation.gridTopPs=[1.5]").contains("evaluation.gridTopPs is [1.5]"))
        #expect(sentence("evaluation.planted=nowhere").contains("nowhere: holds no trained heads"))
    }
}
