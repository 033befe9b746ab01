import Foundation
import Tensor
import Testing
@testable import Evaluation

/// Files of an earlier run are held against what is asked for, and a verifier that failed is asked again.
@Suite struct KeptRunTests {
    // MARK: Damaged files

    private func plan(_ evaluation: EmbeddedEvaluation) throws -> EvaluationPlan {
        try evaluation.plan(heads: nil, "evaluation.generations=0")
    }

    /// The kept file of greedy decoding: one sample of each of five problems.
    private func greedyFile(_ evaluation: EmbeddedEvaluation) throws -> URL {
        let names = try FileManager.default.contentsOfDirectory(atPath: evaluation.runs.path)
        return evaluation.runs.appendingPathComponent(try #require(names.first { $0.hasPrefix("greedy") }))
    }

    /// Changes the outcomes of a run's file.
    private func change(_ file: URL, _ key: String, _ value: Any) throws {
        var content = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        var run = try #require(content["value"] as? [String: Any])
        if key == "seconds" {
            run[key] = value
        } else {
            var outcomes = try #require(run["outcomes"] as? [String: Any])
            #expect(outcomes[key] != nil)
            outcomes[key] = value
            run["outcomes"] = outcomes
        }
        content["value"] = run
        try JSONSerialization.data(withJSONObject: content).write(to: file)
    }

    @Test func aFileThatContradictsItselfOrItsSettingIsNamedWithWhatIsWrong() throws {
        let evaluation = try EmbeddedEvaluation(), plan = try plan(evaluation)
        _ = try EmbeddedEvaluation.run(plan)
        let file = try greedyFile(evaluation), sound = try Data(contentsOf: file)
        let cases: [(key: String, value: Any, words: String)] = [
            ("correct", [2, 0, 0, 0, 0], "found 2 correct of 1 samples, expected 0 to 1"),
            ("correct", [-1, 0, 0, 0, 0], "found -1 correct of 1 samples"),
            ("correct", [0, 0, 0, 0], "differ in length"),
            ("samples", [0, 1, 1, 1, 1], "found 0 samples, expected 1 to"),
            ("samples", [2, 2, 2, 2, 2], "found 2 samples, expected 1"),
            ("samples", [Int.max, 1, 1, 1, 1], "samples, expected 1"),
            ("truncated", [0, Int.min, 0, 0, 0], "truncated of 1 samples"),
            ("tokens", [Int.max, Int.max, 1, 1, 1], "tokens, expected 0 to"),
            ("tokens", [61, 1, 1, 1, 1], "found 61 tokens in 1 samples, expected at most 60 each"),
            ("problem", ["a"], "differ in length"),
            ("tokens", [-5, 1, 1, 1, 1], "found -5 tokens"),
            ("faults", [1, 1, 1, 1, 1], "expected 1 together at most"),
            ("temperatureSum", [-1.0, 0, 0, 0, 0], "temperatures of sum -1.0"),
            ("topPSum", [1e300, 0, 0, 0, 0], "top-ps of sum 1e+300"),
            ("problem", ["a", "b", "c", "d", "e"], "found problem a, expected"),
            ("seconds", -1.0, "found -1.0 seconds"),
            ("samples", "many", "cannot be read as a finished run"),
        ]
        func expect(_ key: String, _ words: String) throws {
            let error = #expect(throws: EvaluationError.self, "\(key)") { try EmbeddedEvaluation.run(plan) }
            let sentence = error?.description ?? ""
            #expect(sentence.contains(file.lastPathComponent) && sentence.contains(words), "\(key): \(sentence)")
            #expect(sentence.hasSuffix("; remove it to sample it again"), "\(key): \(sentence)")
        }
        for (key, value, words) in cases {
            try sound.write(to: file)
            try change(file, key, value)
            try expect(key, words)
        }
        try sound.write(to: file)
        for key in ["correct", "truncated"] { try change(file, key, [0, 0, 0, 0, 0]) }
        try change(file, "faults", [1, 0, 0, 0, 0])
        try expect("faults", "found 1 not judged without a reason")
        try sound.write(to: file)
        #expect(try EmbeddedEvaluation.run(plan).sampled == 0)
    }

    /// One to three bytes changed at a time: what is taken for sound can be summed up and joined.
    @Test func noDamageOfARunEndsTheProgram() throws {
        let outcomes = Outcomes(
            problems: (0..<4).map { place in
                ProblemOutcome(
                    problem: "p\(place)", samples: 4, correct: place, truncated: 0, tokens: 40, temperatureSum: 32,
                    topPSum: 36)
            })
        let sound = try JSONEncoder().encode(MethodRun(outcomes: outcomes, seconds: 1.5))
        let expected = Expected(problems: (0..<4).map { "p\($0)" }, samples: 4, maxTokens: 100)
        var random = RandomGenerator(seed: 5), refusedCount = 0, takenCount = 0
        for round in 0..<4_000 {
            var bytes = sound
            for _ in 0...round % 3 {
                let digits = Array("0123456789-e.,[]".utf8)
                bytes[Int(random.next() % UInt64(bytes.count))] = digits[Int(random.next() % UInt64(digits.count))]
            }
            guard let run = try? JSONDecoder().decode(MethodRun.self, from: bytes), expected.flaw(run) == nil else {
                refusedCount += 1
                continue
            }
            takenCount += 1
            let joined = Outcomes(joining: [run.outcomes, outcomes])
            #expect((0...1).contains(joined.passRate) && joined.meanTemperature?.isFinite == true)
            #expect(try (0...1).contains(joined.passAtK(8)))
        }
        #expect(refusedCount > 1000 && takenCount > 100, "\(refusedCount) refused, \(takenCount) taken")
    }

    @Test func aRunOfOtherProblemsOrSamplesIsNoRunOfThese() throws {
        func run(_ problems: [String], samples: Int = 2, tokens: Int = 20) -> MethodRun {
            let outcomes = problems.map {
                ProblemOutcome(problem: $0, samples: samples, correct: 0, truncated: 0, tokens: tokens)
            }
            return MethodRun(outcomes: Outcomes(problems: outcomes), seconds: 1)
        }
        let expected = Expected(problems: ["a", "b"], samples: 2, maxTokens: 10)
        #expect(expected.flaw(run(["a", "b"])) == nil)
        #expect(expected.flaw(run(["a"])) == "found outcomes of 1 problems, expected 2")
        #expect(expected.flaw(run(["a", "b", "b"])) == "found outcomes of 3 problems, expected 2")
        #expect(expected.flaw(run(["b", "a"])) == "found problem b, expected a")
        #expect(expected.flaw(run(["a", "b"], samples: 3)) == "problem a: found 3 samples, expected 2")
        #expect(expected.flaw(run(["a", "b"], tokens: 21))?.contains("found 21 tokens in 2 samples") == true)
    }

    @Test func damagedGenerationsAreNamedToo() throws {
        let evaluation = try EmbeddedEvaluation()
        let plan = try evaluation.plan(heads: evaluation.writeHeads("run", seed: 1), "evaluation.commandProblems=0")
        _ = try EmbeddedEvaluation.run(plan)
        let names = try FileManager.default.contentsOfDirectory(atPath: evaluation.runs.path)
        let file = evaluation.runs.appendingPathComponent(try #require(names.first { $0.hasPrefix("generations") }))
        var content = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        var all = try #require(content["value"] as? [[String: Any]])
        var tokens = try #require(all[1]["tokens"] as? [[String: Any]])
        tokens[0]["topP"] = 7
        all[1]["tokens"] = tokens
        content["value"] = all
        try JSONSerialization.data(withJSONObject: content).write(to: file)
        let error = #expect(throws: EvaluationError.self) { try EmbeddedEvaluation.run(plan) }
        let sentence = error?.description ?? ""
        #expect(sentence.contains("found top-p 7.0 at token 1, expected 0.0 to 1.0"), "\(sentence)")
    }

    // MARK: Graders

    private func plan(_ evaluation: EmbeddedEvaluation, grader: String) throws -> EvaluationPlan {
        let file = evaluation.folder.url.appendingPathComponent("problems.jsonl")
        try Data("{\"problem\": \"3 12 11>99:\\n\", \"gt\": \"1\"}\n".utf8).write(to: file)
        return try evaluation.plan(
            heads: nil, "task.test=\(file.path)", "evaluation.problems=1", "task.verifier=command",
            "task.graderCommand='\(grader)'", "evaluation.maxTokens=200", "evaluation.generations=0")
    }

    @Test func aGraderThatFailedIsAskedAgainAndOneThatJudgedIsNot() throws {
        let evaluation = try EmbeddedEvaluation()
        // A folder is no file of the grader's: its appearance changes what the grader says, not what it is.
        let mended = evaluation.folder.url.appendingPathComponent("mended")
        let plan = try plan(evaluation, grader: "test -d \(mended.path) && exit 0; exit 3")
        let first = try EmbeddedEvaluation.run(plan)
        let failing = first.results.rows.filter { $0.faults > 0 }
        #expect(!failing.isEmpty && failing.allSatisfy { $0.passAt1.mean == 0 })

        try FileManager.default.createDirectory(at: mended, withIntermediateDirectories: true)
        let second = try EmbeddedEvaluation.run(plan)
        #expect(second.sampled >= failing.reduce(0) { $0 + $1.faults } && second.sampled <= first.sampled)
        for row in second.results.rows {
            #expect(row.faults == 0 && abs(row.passAt1.mean - (1 - row.truncatedShare)) < 1e-12, "\(row.name)")
        }
        #expect(try EmbeddedEvaluation.run(plan).sampled == 0)
    }

    @Test func anotherContentOfTheGradersFileIsAnotherGrader() throws {
        let evaluation = try EmbeddedEvaluation(), script = evaluation.folder.url.appendingPathComponent("grade.sh")
        try Data("exit 1\n".utf8).write(to: script)
        let first = try EmbeddedEvaluation.run(plan(evaluation, grader: "sh \(script.path)"))
        #expect(first.sampled > 0 && first.results.rows.allSatisfy { $0.passAt1.mean == 0 && $0.faults == 0 })
        #expect(try EmbeddedEvaluation.run(plan(evaluation, grader: "sh \(script.path)")).sampled == 0)
        try Data("exit 0\n".utf8).write(to: script)
        let second = try EmbeddedEvaluation.run(plan(evaluation, grader: "sh \(script.path)"))
        #expect(second.sampled == first.sampled && second.results.rows.contains { $0.passAt1.mean > 0 })
    }

    // MARK: Seeds

    @Test(arguments: [0, 7, Int.max - 9, Int.max - 3, Int.max])
    func seedsFollowEachOtherBehindTheLargest(_ seed: Int) {
        var settings = EvaluationSettings()
        (settings.seed, settings.seeds) = (seed, 6)
        let all = settings.repetitionSeeds + settings.freshSeeds
        #expect(Set(all).count == 12 && all[0] == seed && all.allSatisfy { $0 >= 0 })
        #expect(zip(all, all.dropFirst()).allSatisfy { $1 == ($0 == Int.max ? 0 : $0 + 1) })
    }
}
