import Decoding
import Foundation
import HiddenStateCache
import Testing

@testable import Trajectories

/// Collections that keep everything, and caches that know what trajectories earned.
@Suite struct RewardTests {
    private let tiny: TinyModel
    private let folder: TemporaryFolder

    init() throws { (tiny, folder) = (try TinyModel(contextLength: 4096), try TemporaryFolder()) }

    /// At a low temperature completions repeat.
    private func sampled(keepsAll: Bool) throws -> SampledBlock {
        try RejectSampler(
            model: tiny.model, tokenizer: tiny.tokenizer, policy: SamplingPolicy(temperature: 0.3), policyName: "low",
            verifier: OddLengths(), rendering: .init(), problems: TinyModel.problems,
            settings: SamplingSettings(samples: 8, keep: 2, keepsAll: keepsAll, maxTokens: 12, seed: 5, width: 16)
        ).sample(0..<7)
    }

    private func lines(_ block: SampledBlock) throws -> [TrajectoryLine] {
        try block.lines.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(TrajectoryLine.self, from: $0)
        }
    }

    private func cache(_ path: String) throws -> HiddenStateCache {
        let place = folder.url.appendingPathComponent("cache-\(UUID().uuidString)")
        try CacheBuilder(
            model: tiny.model, modelFolder: tiny.folder.url, trajectories: path, encoding: tiny.encoding,
            lengths: try TrajectoryLengths(path: path, encoding: tiny.encoding), folder: place,
            description: try CacheDescription(
                modelName: "tiny", modelPath: "tiny", hiddenSize: tiny.model.configuration.hiddenSize,
                vocabularySize: TinyModel.vocabularySize, hiddenType: .f32),
            shardTokens: 60, fingerprint: "f"
        ).build()
        return try HiddenStateCache(folder: place)
    }

    @Test func everyCompletionIsKeptAsItWasDrawnWithItsReward() throws {
        let block = try sampled(keepsAll: true), lines = try lines(block)
        #expect(lines.count == 56 && block.counts.sampled == 56 && block.counts.kept == block.counts.accepted)
        #expect(lines.allSatisfy { $0.reward == ($0.correct == true ? 1 : 0) })
        #expect(lines.count { $0.correct == true } == block.counts.accepted)
        #expect(block.counts.accepted > 0 && block.counts.accepted < 56)
        // Equal ones come as often as they were drawn.
        #expect(Set(lines.map { [$0.problemID ?? ""] + ($0.completionIDs ?? []).map(String.init) }).count < 56)
        let few = try self.lines(sampled(keepsAll: false))
        #expect(few.count < lines.count && few.allSatisfy { $0.reward == nil })
    }

    @Test func failedTrajectoriesAreInTheCacheAndOnlyRewardSeesThem() throws {
        let block = try sampled(keepsAll: true), lines = try lines(block)
        let cache = try cache(folder.write("t.jsonl", String(decoding: block.lines, as: UTF8.self)))
        #expect(cache.drawn.map(\.number) == Array(0..<56) && cache.knowsBehaviour)
        #expect(cache.trajectories.map(\.number) == lines.indices.filter { lines[$0].correct == true })
        let split = TrajectorySplit(validationFraction: 0.4, seed: 1)
        for subset in TrajectorySubset.allCases {
            #expect(cache.trajectories(subset, of: split).allSatisfy { lines[$0.number].correct == true })
        }
        let rewards = try #require(cache.rewards)
        #expect(rewards.rewards == lines.map(\.reward) && rewards.groups == (0..<56).map { Int32($0 / 8) })
        for group in 0..<7 {
            let own = (8 * group..<8 * group + 8), mean = own.reduce(0) { $0 + (lines[$1].reward ?? 0) } / 8
            for line in own { #expect(abs(rewards.advantages[line] - ((lines[line].reward ?? 0) - mean)) < 1e-6) }
        }
    }

    @Test func groupsAreOfOneProblemAndOnePolicy() throws {
        func line(_ problem: String?, _ policy: String, _ reward: String) -> String {
            let id = problem.map { "\"problem_id\": \"\($0)\", " } ?? ""
            return "{\(id)\"policy\": \"\(policy)\", \(reward)\"prompt_ids\": [5], \"completion_ids\": [4, 2]}"
        }
        let path = try folder.write(
            "t.jsonl",
            [
                line("a", "x", "\"reward\": 1, "), line("a", "y", "\"reward\": 0, "),
                line("a", "x", "\"reward\": 0.5, "),
                line(nil, "x", "\"reward\": 1, "), line("b", "x", ""), line("b", "x", "\"reward\": -2, "),
            ].joined(separator: "\n"))
        let lengths = try TrajectoryLengths(path: path, encoding: tiny.encoding)
        #expect(lengths.rewards == [1, 0, 0.5, 1, nil, -2] && lengths.groups == [0, 1, 0, -1, -1, 2])
        // What nobody judged counts, half a reward counts, none and less than none do not.
        #expect(try cache(path).trajectories.map(\.number) == [0, 2, 3, 4])
        #expect(try cache(path).rewards?.advantages == [0.25, 0, -0.25, 0, 0, 0])
    }

    @Test func aRewardBeyondItsRangeIsRefused() throws {
        let path = try folder.write("t.jsonl", "{\"reward\": 1e7, \"prompt_ids\": [5], \"completion_ids\": [4, 2]}")
        let error = #expect(throws: (any Error).self) { _ = try TrajectoryLengths(path: path, encoding: tiny.encoding) }
        #expect("\(error as Any)".contains("line 1: found a reward of 10000000.0, expected −1000000.0 to 1000000.0"))
    }
}
