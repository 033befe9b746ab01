import Files
import Foundation
import HiddenStateCache
import Recipes
import Testing

@testable import Improvement

@Suite struct ImproverTests {
    @Test func everyRoundSamplesTheNextProblemsWithTheHeadsOfTheRoundBefore() throws {
        let small = try SmallImprovement(), results = try small.run()
        #expect(results.rounds.map(\.round) == [0, 1, 2] && results.rounds.map(\.seed) == [0, 1, 2])
        #expect(results.rounds.map(\.firstProblem) == [0, 6, 2] && results.rounds.allSatisfy { $0.sampled == 12 })
        #expect(results.rounds[0].policy.hasPrefix("T = 1.0, P = 1.0 of model "))
        for (before, round) in zip(results.rounds, results.rounds.dropFirst()) {
            #expect(round.policy.hasPrefix("heads \(before.heads), hard of model "))
            #expect(round.heads != before.heads)
        }
        // The last round's trajectories say who drew them, and so does its cache.
        let cache = try HiddenStateCache(folder: small.url.appendingPathComponent("round-2/cache"))
        #expect(cache.policies?.names == [results.rounds[2].policy] && cache.isSelfSampled && cache.knowsBehaviour)
    }

    @Test func theBestRoundIsMeasuredAgainstItsYardsticksAndWritten() throws {
        let small = try SmallImprovement()
        let planted = try small.run(["improve.rounds=0"])
        #expect(planted.againstPlanted == nil && planted.test.map(\.role) == ["improved", "bestPair", "meanShift"])
        let heads = small.url.appendingPathComponent("round-0/training/heads").path
        let other = try SmallImprovement(), results = try other.run(["improve.rounds=1", "improve.planted=\(heads)"])
        #expect(results.test.map(\.role) == ["improved", "bestPair", "meanShift", "planted"])
        let json = try JSONDecoder().decode(
            JSONValue.self, from: Data(contentsOf: other.url.appendingPathComponent("improve.json")))
        guard case .object(let members) = json else { throw ImprovementError("no object") }
        for name in ["againstBestPair", "againstMeanShift", "againstPlanted"] {
            guard case .object(let difference) = members[name] else { throw ImprovementError("no \(name)") }
            #expect(Set(["mean", "lower", "upper"]).isSubset(of: difference.keys))
        }
        #expect(members["bestRound"] != nil && members["rounds"] != nil)
        let rates = results.test.map(\.passRate.mean)
        #expect(abs((results.againstBestPair?.mean ?? 9) - (rates[0] - rates[1])) < 1e-12)
        #expect(abs((results.againstPlanted?.mean ?? 9) - (rates[0] - rates[3])) < 1e-12)
        let page = try String(contentsOf: other.url.appendingPathComponent("report.html"), encoding: .utf8)
        #expect(page.contains("Pass@1 by round") && page.contains("best constant pair"))
    }

    /// Ended in each of a round's steps, and again and again.
    @Test func aRunThatIsEndedAtAnyMomentGoesOnToTheSameBytes() throws {
        let whole = try SmallImprovement(), parts = try SmallImprovement()
        try whole.run(["improve.rounds=1"])
        var cuts = 0, begun: Set<String> = []
        for stop in 1..<40 {
            var events = 0
            do {
                try parts.run(["improve.rounds=1"]) { event in
                    if case .began(let name, _, _) = event { begun.insert(name) }
                    events += 1
                } isCancelled: {
                    // Each run comes a little further than the one before.
                    events >= 6 + stop % 5
                }
                break
            } catch is CancellationError { cuts += 1 }
        }
        try parts.run(["improve.rounds=1"])
        #expect(cuts > 5)
        let (expected, found) = (try whole.files(), try parts.files())
        #expect(Set(expected.keys) == Set(found.keys))
        for (name, bytes) in expected { #expect(found[name] == bytes, "\(name)") }
    }

    @Test func whatIsFinishedIsNotDoneAgain() throws {
        let small = try SmallImprovement(), first = try small.run(["improve.rounds=1"])
        var begun: [String] = []
        let second = try small.run(["improve.rounds=1"]) { if case .began(let name, _, _) = $0 { begun.append(name) } }
        #expect(second == first && !begun.contains { $0.hasPrefix("round") })
        // More rounds can be asked for later.
        #expect(try small.run(["improve.rounds=2"]).rounds.prefix(2) == first.rounds[...])
    }

    @Test func earlierRoundsGiveTheirDiskBackUnlessTheyAreToStay() throws {
        let small = try SmallImprovement(), keeping = try SmallImprovement()
        try small.run(["improve.rounds=1"])
        #expect(!small.exists("round-0/cache") && !small.exists("round-0/collection"))
        #expect(small.exists("round-0/training/heads/model.safetensors") && small.exists("round-1/cache/cache.json"))
        try keeping.run(["improve.rounds=1", "improve.keepRounds=true"])
        #expect(keeping.exists("round-0/cache/cache.json") && keeping.exists("round-0/collection/trajectories.jsonl"))
    }

    /// What rounds after the first one start from and minimise, and what they keep to learn from.
    @Test func roundsOfRewardStartFromTheLastHeadsAndKeepWhatFailed() throws {
        let small = try SmallImprovement()
        let settings = [
            "improve.rounds=2", "improve.objective=reward", "improve.steps=3", "improve.learningRate=0.002",
            "improve.samples=6", "training.heads=temperature", "collect.maxTokens=120",
        ]
        let results = try small.run(settings)
        #expect(results.rounds.count == 3 && results.rounds.allSatisfy { $0.sampled == 36 })
        for round in 1...2 {
            let result = results.rounds[round], training = "round-\(round)/training"
            let record = try RunConfiguration(
                path: small.url.appendingPathComponent("\(training)/config.json").path
            ).training.settings
            #expect(record.loss.objective == .reward && record.steps == 3 && record.learningRate == 0.002)
            #expect(record.validationFraction == 0 && !record.loss.dynamicFineTuning)
            #expect(record.initialHeads?.hasSuffix("round-\(round - 1)/training/heads") == true)
            #expect(result.heads != results.rounds[round - 1].heads)
        }
        let first = try RunConfiguration(
            path: small.url.appendingPathComponent("round-0/training/config.json").path
        ).training.settings
        #expect(first.loss.objective == .joint && first.steps == 4 && first.initialHeads == nil)
        let cache = try HiddenStateCache(folder: small.url.appendingPathComponent("round-2/cache"))
        #expect(cache.drawn.count == 36 && cache.trajectories.count == results.rounds[2].accepted)
        #expect(results.rounds[2].accepted < 36 && cache.rewards?.groups.max() == 5)
    }

    @Test func roundsCanStartFromTheLastHeads() throws {
        let small = try SmallImprovement(), fresh = try SmallImprovement()
        let results = try small.run(["improve.rounds=1", "improve.start=lastHeads"])
        let other = try fresh.run(["improve.rounds=1"])
        #expect(results.rounds[0] == other.rounds[0] && results.rounds[1].heads != other.rounds[1].heads)
        #expect(results.rounds[1].kept == other.rounds[1].kept)
        // Round 0 is the same run; later rounds are not.
        let error = #expect(throws: ImprovementError.self) { try small.run(["improve.rounds=1"]) }
        #expect("\(error as Any)".contains("round-1: holds a round of another run: improve.start was lastHeads"))
    }

    @Test func whatRewardCannotLearnFromIsRefusedBeforeAnythingIsSampled() throws {
        let small = try SmallImprovement()
        func refusal(_ overrides: [String]) -> String {
            do {
                _ = try small.configuration(overrides).improvementInputs()
                return "nothing"
            } catch { return "\(error)" }
        }
        #expect(refusal(["improve.objective=reward"]).contains("evaluation.filter is \"hard\", expected \"soft\""))
        #expect(refusal(["improve.objective=reward", "evaluation.filter=soft"]) == "nothing")
        #expect(refusal(["improve.objective=reward", "training.heads=temperature"]) == "nothing")
        #expect(
            refusal([
                "training.objective=reward", "training.initialHeads=\"\(small.url.path)\"",
            ]).contains("training.objective is \"reward\", expected another one for round 0"))
    }

    @Test func theReportDrawsTemperatureByEntropyForEachRound() throws {
        let small = try SmallImprovement(), results = try small.run(["improve.rounds=1"])
        for round in results.rounds {
            let bands = try #require(round.temperatureByEntropy)
            #expect(bands.count > 2 && zip(bands, bands.dropFirst()).allSatisfy { $0.entropy < $1.entropy })
            let tokens = bands.reduce(0) { $0 + $1.tokens }
            let mean = bands.reduce(0) { $0 + $1.temperature * Double($1.tokens) } / Double(tokens)
            #expect(tokens > 0 && mean > 0.5 && mean < 1.5)
        }
        let page = try String(contentsOf: small.url.appendingPathComponent("report.html"), encoding: .utf8)
        #expect(page.contains("T̂ by entropy, by round") && page.contains("round 1"))
    }

    @Test func roundsOfAnotherRunAreRefused() throws {
        let small = try SmallImprovement()
        try small.run(["improve.rounds=0"])
        let error = #expect(throws: ImprovementError.self) {
            try small.run(["improve.rounds=0", "training.steps=7"])
        }
        #expect("\(error as Any)".contains("holds a round of another run: training was"))
    }

    @Test func anObjectiveWhoseOptimumIsAConstantIsSaidInOneSentence() throws {
        func warnings(_ overrides: [String]) throws -> [String] {
            let small = try SmallImprovement()
            var words: [String] = []
            _ = try? small.run(overrides) { event in
                if case .warning(let text) = event { words.append(text) }
            } isCancelled: {
                true
            }
            return words
        }
        #expect(try warnings([]).isEmpty)
        let weighted = try warnings(["training.dynamicFineTuning=true"])
        #expect(weighted.count == 1 && weighted[0].contains("q ∝ p²·V") && weighted[0].contains("T̂ halves"))
        let masked = try warnings(["training.easyTokenDrop=0.6"])
        #expect(masked.count == 1 && masked[0].contains("T̂ is too high"))
    }
}
