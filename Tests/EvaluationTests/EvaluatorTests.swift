import Foundation
import Testing
@testable import Evaluation

@Suite struct EvaluatorTests {
    @Test func anInterruptedEvaluationEndsAsAnUninterruptedOne() throws {
        let whole = try EmbeddedEvaluation(), parts = try EmbeddedEvaluation()
        let expected = try EmbeddedEvaluation.run(whole.plan(heads: whole.writeHeads("run", seed: 1)))
        #expect(expected.results.missing.isEmpty)

        let plan = try parts.plan(heads: parts.writeHeads("run", seed: 1))
        var sampled = 0
        for stop in [7, 60, 110] {
            #expect(throws: CancellationError.self) {
                _ = try Evaluator(plan).run {
                    if case .completed(let count) = $0 { sampled += count }
                } isCancelled: {
                    sampled >= stop
                }
            }
            let partial = try JSONDecoder().decode(
                EvaluationResults.self, from: Data(contentsOf: plan.folder.appendingPathComponent("results.json")))
            #expect(partial.missing.contains("single generations") && partial.missing.contains("heads of run, soft"))
            #expect(!partial.rows.isEmpty && partial.rows.contains { $0.name == "greedy" })
            let table = try String(contentsOf: plan.folder.appendingPathComponent("results.md"), encoding: .utf8)
            #expect(table.contains("| heads of run, soft | – | – | – |") && table.contains("still to be measured"))
        }
        var stored = 0, rest = 0
        let results = try Evaluator(plan).run {
            if case .planned(_, let count) = $0 { stored = count }
            if case .completed(let count) = $0 { rest += count }
        }
        #expect(results.lasting == expected.results.lasting)
        // What was finished before is not sampled again, and all else is.
        #expect(stored > 0 && rest > 0 && stored + rest == expected.sampled)
    }

    @Test func whatIsThereIsNotSampledAgain() throws {
        let evaluation = try EmbeddedEvaluation(),
            plan = try evaluation.plan(heads: evaluation.writeHeads("run", seed: 1))
        let first = try EmbeddedEvaluation.run(plan), second = try EmbeddedEvaluation.run(plan)
        #expect(first.sampled > 100 && second.sampled == 0)
        #expect(second.results == first.results)
        var planned: (all: Int, stored: Int)?
        _ = try Evaluator(plan).run { if case .planned(let all, let stored) = $0 { planned = (all, stored) } }
        #expect(planned?.all == first.sampled && planned?.stored == first.sampled)
    }

    @Test func allMethodsOfTheProtocolAreThere() throws {
        let evaluation = try EmbeddedEvaluation(), other = try evaluation.writeHeads("other", seed: 2)
        let results = try EmbeddedEvaluation.run(
            evaluation.plan(heads: evaluation.writeHeads("run", seed: 1), "evaluation.otherHeads=[\"\(other)\"]")
        ).results
        let heads = ["run", "other"].flatMap { run in ["hard", "soft", "inclusive"].map { "heads of \(run), \($0)" } }
        #expect(
            results.rows.filter { $0.group != .tuning }.map(\.name) == [
                "greedy", "default sampling", "best pair of the paper's search", "AutoDeco", "temperature head alone",
                "top-p head alone",
                "mean shift", "min-p 0.1",
                "entropy-driven temperature",
            ] + heads)
        #expect(results.rows.filter { $0.group == .tuning }.count == 3)
        // AutoDeco beside all of them but itself under another name.
        #expect(results.comparisons.filter { $0.first == "AutoDeco" }.count == 8 + 5)
        let autoDeco = try #require(results.rows.first { $0.name == "AutoDeco" }),
            pick = try #require(results.rows.first { $0.role == .paperPair })
        #expect(autoDeco.samplesPerProblem == 4 && pick.samplesPerProblem == 4 && pick.pair == results.tuning?.best)
        #expect(results.curves.first { $0.name == "AutoDeco" }?.points.count == 4)
        let alone = try #require(results.rows.first { $0.name == "temperature head alone" }),
            topP = try #require(results.rows.first { $0.name == "top-p head alone" })
        #expect(alone.meanTopP == 1 && alone.meanTemperature != 1 && topP.meanTemperature == 1 && topP.meanTopP != 1)
        #expect(
            results.commands.map(\.command) == [nil, "certain", "diverse"]
                && results.commands.allSatisfy { $0.problems == 3 })
        #expect(results.generations.count == 2 && results.generations.allSatisfy { !$0.tokens.isEmpty })
        #expect(results.diagnosis == nil && results.notes.contains { $0.hasPrefix("No diagnosis") })
    }

    private func tried(_ pair: StaticPair) -> MethodResult {
        let problem = ProblemOutcome(problem: "p", samples: 1, correct: 1, truncated: 0, tokens: 3)
        return MethodResult(method: "\(pair)", runs: [Outcomes(problems: [problem])])
    }

    @Test func thePickIsSampledUnderSeedsOfItsOwn() throws {
        let evaluation = try EmbeddedEvaluation(), plan = try evaluation.plan()
        let pair = StaticPair(temperature: 0.5, topP: 0.8), best = TunedPoint(pair: pair, result: tried(pair))
        let pick = try Set(plan.methods.pick(best, .bestPair).seeds)
        for point in [plan.methods.searched, plan.methods.gridPoint, plan.methods.finalist] {
            #expect(try pick.isDisjoint(with: point(pair).seeds))
        }
    }

    @Test func howManyAreDecodedTogetherDoesNotMatter() throws {
        let wide = try EmbeddedEvaluation(), narrow = try EmbeddedEvaluation()
        let a = try EmbeddedEvaluation.run(wide.plan()),
            b = try EmbeddedEvaluation.run(narrow.plan(heads: nil, "evaluation.batch=3"))
        #expect(a.results.lasting == b.results.lasting)
    }

    // MARK: What a run depends on

    /// Completions that are sampled where a run with other settings has been there before.
    private func sampled(
        after earlier: (EmbeddedEvaluation) throws -> EvaluationPlan,
        _ later: (EmbeddedEvaluation) throws -> EvaluationPlan
    ) throws -> (Int, Int) {
        let evaluation = try EmbeddedEvaluation()
        let first = try EmbeddedEvaluation.run(earlier(evaluation)).sampled
        return (first, try EmbeddedEvaluation.run(later(evaluation)).sampled)
    }

    @Test func otherHeadsAreSampledAnewAndStaticMethodsAreNot() throws {
        let (first, second) = try sampled(
            after: { try $0.plan(heads: $0.writeHeads("run", seed: 1)) },
            { try $0.plan(heads: $0.writeHeads("run", seed: 2)) })
        let (alone, _) = try sampled(after: { try $0.plan() }, { try $0.plan() })
        #expect(second == first - alone)
    }

    @Test(arguments: [
        "task.promptTemplate=' {problem}'", "evaluation.maxTokens=59", "evaluation.seed=100", "evaluation.problems=4",
        "task.command=certain",
    ])
    func anotherSettingIsSampledAnew(_ setting: String) throws {
        let (first, second) = try sampled(after: { try $0.plan() }, { try $0.plan(heads: nil, setting) })
        // As many as before, but for four problems in place of five.
        #expect(first > 0 && second == (setting == "evaluation.problems=4" ? first * 4 / 5 : first))
    }

    @Test func anotherVerifierJudgesAnew() throws {
        func plan(_ evaluation: EmbeddedEvaluation, _ verifier: [String]) throws -> EvaluationPlan {
            let file = evaluation.folder.url.appendingPathComponent("problems.jsonl")
            try Data("{\"problem\": \"3 12 11>99:\\n\", \"gt\": \"1\"}\n".utf8).write(to: file)
            return try evaluation.plan(
                heads: nil, "task.test=\(file.path)", "evaluation.problems=1", "evaluation.maxTokens=200", verifier[0],
                verifier.dropFirst().first ?? verifier[0])
        }
        let kinds = [
            ["task.verifier=exact"], ["task.verifier=boxed"], ["task.verifier=command", "task.graderCommand='exit 1'"],
            ["task.verifier=command", "task.graderCommand='exit 0'"],
        ]
        let evaluation = try EmbeddedEvaluation()
        let results = try kinds.map { try EmbeddedEvaluation.run(plan(evaluation, $0)) }
        #expect(results.allSatisfy { $0.sampled == results[0].sampled && $0.sampled > 0 })
        // The last one's grader takes everything that has ended.
        #expect(
            results[2].results.rows.allSatisfy { $0.passAt1.mean == 0 }
                && results[3].results.rows.contains { $0.passAt1.mean > 0 })
        #expect(try EmbeddedEvaluation.run(plan(evaluation, kinds[0])).sampled == 0)
    }

    // MARK: Faults

    @Test func whereTheGraderFailsIsSaid() throws {
        let evaluation = try EmbeddedEvaluation(), file = evaluation.folder.url.appendingPathComponent("problems.jsonl")
        try Data("{\"problem\": \"3 12 11>99:\\n\", \"gt\": \"1\"}\n".utf8).write(to: file)
        let results = try EmbeddedEvaluation.run(
            evaluation.plan(
                heads: nil, "task.test=\(file.path)", "evaluation.problems=1", "task.verifier=command",
                "task.graderCommand='exit 3'",
                "evaluation.maxTokens=200")
        ).results
        let ended = results.rows.filter { $0.truncatedShare < 1 }
        #expect(!ended.isEmpty)
        for row in ended {
            #expect(
                row.faults == Int((Double(row.samplesPerProblem) * (1 - row.truncatedShare)).rounded())
                    && row.passAt1.mean == 0)
            #expect(
                results.faults.contains {
                    $0.hasPrefix("\(row.name): ")
                        && $0.contains("the grader cannot be started, crashed or gave no verdict")
                })
        }
        #expect(results.text.contains("could not be judged and count as wrong"))
    }

    @Test func whatDoesNotFitIsRefusedBeforeAnythingIsSampled() throws {
        let evaluation = try EmbeddedEvaluation()
        func sentence(_ heads: String?, _ overrides: String) -> String {
            do { _ = try evaluation.plan(heads: heads, overrides) } catch { return "\(error)" }
            return ""
        }
        #expect(sentence("nowhere", "evaluation.seed=1").contains("nowhere: holds no trained heads"))
        #expect(
            sentence(nil, "evaluation.tuningSamples=3").contains(
                "evaluation.tuningSamples is 3, expected a multiple of evaluation.seeds, 2"))
        #expect(
            sentence(nil, "task.promptTemplate='\(String(repeating: "1", count: 3000)){problem}'").contains(
                "in the prompt of problem"))
        #expect(!FileManager.default.fileExists(atPath: evaluation.runs.path))
    }

    @Test func aFolderServesOneEvaluationAtATime() throws {
        let evaluation = try EmbeddedEvaluation(), plan = try evaluation.plan()
        let first = try Evaluator(plan)
        let error = #expect(throws: (any Error).self) { try Evaluator(plan) }
        #expect(error.map { "\($0)" }?.contains("another process works in this folder") == true)
        withExtendedLifetime(first) {}
    }

    @Test func aDamagedRunIsNamed() throws {
        let evaluation = try EmbeddedEvaluation(), plan = try evaluation.plan()
        _ = try EmbeddedEvaluation.run(plan)
        let file = try #require(
            try FileManager.default.contentsOfDirectory(atPath: evaluation.runs.path).first { $0.hasPrefix("greedy") })
        try Data("{".utf8).write(to: evaluation.runs.appendingPathComponent(file))
        let error = #expect(throws: EvaluationError.self) { try EmbeddedEvaluation.run(plan) }
        #expect(error?.description.contains(file) == true)
    }
}
