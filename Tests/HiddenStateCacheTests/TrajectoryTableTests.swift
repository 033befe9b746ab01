import Files
import Foundation
import Safetensors
import Testing

@testable import HiddenStateCache

/// Columns of the table beside cache.json, and caches of the version before it.
@Suite struct TrajectoryTableTests {
    private static let corpus = Corpus(lengths: [3, 0, 5, 2, 4, 6])
    private let folder = TemporaryFolder()

    private func write(_ policies: [String?], behaviour: Bool = false, rewards: LineRewards? = nil) throws {
        let corpus = Self.corpus
        let writer = try CacheWriter(
            folder: folder.url, description: corpus.description(8, 8),
            plan: ShardPlan(lengths: corpus.lengths, shardTokens: 7), fingerprint: "corpus", recordsBehaviour: behaviour
        )
        for shard in writer.plan.shards {
            try writer.write(shard) { tokens in
                for line in shard.trajectories where corpus.lengths[line] > 0 {
                    let count = corpus.lengths[line], first = corpus.firstPositions[line]
                    try tokens.append(
                        trajectories: Array(repeating: line, count: count), labels: labels(line),
                        positions: Array(first..<first + count), hidden: corpus.hidden[line],
                        behaviour: behaviour ? (0..<count).map { -Float(line) - Float($0) / 8 } : nil
                    ) { corpus.logits($0) }
                }
            }
        }
        try writer.finish(backbone: nil, policies: LinePolicies(lines: policies, model: "12ab"), rewards: rewards)
    }

    /// Of line 2 what greedy decoding says, of the others anything.
    private func labels(_ line: Int) -> [Int] {
        let corpus = Self.corpus, logits = corpus.logits(corpus.hidden[line])
        guard line == 2 else { return corpus.labels[line] }
        return (0..<logits.rows).map { row in
            (0..<logits.columns).max { logits[row, $0] < logits[row, $1] } ?? 0
        }
    }

    @Test func policiesTokensAndEasyTokensAreCountedByLine() throws {
        try write(["a", nil, "b", "a", nil, "b"], behaviour: true)
        let cache = try HiddenStateCache(folder: folder.url)
        #expect(cache.policies?.names == ["a", "b"] && cache.policies?.places == [0, -1, 1, 0, -1, 1])
        #expect(cache.table.tokens == [3, 0, 5, 2, 4, 6] && cache.problems == nil)
        let easy = cache.trajectories.map { index in cache.labelRanks(of: index).count { $0 == 0 } }
        #expect(cache.table.easyTokens == [Int32(easy[0]), 0] + easy[1...].map(Int32.init) && easy[1] == 5)
        #expect(cache.behaviourLogProbs(of: cache.trajectories[2]) == [-3, -3.125])
    }

    @Test func rewardsAreReadBackAndDecideWhatIsSeen() throws {
        let none = [String?](repeating: nil, count: 6)
        try write(none)
        let plain = try HiddenStateCache(folder: folder.url), before = try plain.fingerprint()
        let rewards = LineRewards(rewards: [1, nil, 0, -0.5, nil, 0.25], groups: [0, -1, 0, 0, -1, -1])
        try write(none, rewards: rewards)
        let cache = try HiddenStateCache(folder: folder.url)
        #expect(cache.rewards == rewards && cache.drawn == plain.drawn && cache.tokens == plain.tokens)
        #expect(cache.trajectories.map(\.number) == [0, 4, 5] && plain.trajectories == plain.drawn)
        #expect(try cache.fingerprint() != before && CacheSummary(cache).failed == 2)
        #expect(LineRewards(rewards: none.map { _ in nil }, groups: []) == nil)
        let other = LineRewards(rewards: [1, nil, 0, -0.5, nil, 0.25], groups: [0, -1, 1, 0, -1, -1])
        let fingerprint = try cache.fingerprint()
        try write(none, rewards: other)
        #expect(try HiddenStateCache(folder: folder.url).fingerprint() != fingerprint)
    }

    /// All that earned the same teach nothing, whatever rounding says about their mean.
    @Test func advantagesAreWithinGroups() {
        let third = Float(1) / 3
        let rewards = LineRewards(
            rewards: [1, 0, 0, 0, third, third, third, nil, 5], groups: [0, 0, 0, 0, 1, 1, 1, 1, -1])
        #expect(rewards?.advantages == [0.75, -0.25, -0.25, -0.25, 0, 0, 0, 0, 0])
    }

    @Test func anOlderCacheIsUpgradedInItsPlaceAndANewOneIsLeftAlone() throws {
        try write(Array(repeating: nil, count: 6))
        let new = try folder.files()
        #expect(try HiddenStateCache.upgrade(folder.url) == 2 && folder.files() == new)
        try FileManager.default.removeItem(atPath: folder.path(TrajectoryTable.name))
        try folder.replace("cache.json") {
            $0 = Data(
                String(decoding: $0, as: UTF8.self).replacing("\"format_version\" : 2", with: "\"format_version\" : 1")
                    .utf8)
        }
        #expect(try HiddenStateCache.upgrade(folder.url) == 1)
        #expect(try folder.files() == new)
    }

    @Test func aCacheOfTheVersionBeforeIsReadAsBefore() throws {
        try write(Array(repeating: nil, count: 6))
        let new = try HiddenStateCache(folder: folder.url)
        try FileManager.default.removeItem(atPath: folder.path(TrajectoryTable.name))
        try folder.replace("cache.json") {
            $0 = Data(
                String(decoding: $0, as: UTF8.self).replacing("\"format_version\" : 2", with: "\"format_version\" : 1")
                    .utf8)
        }
        #expect(try CacheManifest(folder: folder.url).formatVersion == 1)
        let old = try HiddenStateCache(folder: folder.url)
        #expect(
            old.trajectories == new.trajectories && !old.knowsBehaviour && old.policies == nil && old.problems == nil)
        try folder.replace("cache.json") {
            $0 = Data(
                String(decoding: $0, as: UTF8.self).replacing("\"format_version\" : 1", with: "\"format_version\" : 3")
                    .utf8)
        }
        #expect(
            message { _ = try HiddenStateCache(folder: folder.url) }?.contains("format_version is 3, expected 1 to 2")
                == true)
    }

    @Test func unsoundColumnsAreNamed() throws {
        try write(["a", "a", "a", "a", "a", "a"])
        func rewrite(_ columns: [(String, [Int32])], _ metadata: [String: String]) throws -> String? {
            try SafetensorsWriter.write(
                columns.map { NewTensor($0, [$1.count], $1, as: .i32) }, metadata: metadata,
                to: folder.path(TrajectoryTable.name))
            return message { _ = try HiddenStateCache(folder: folder.url) }
        }
        let six = [Int32](repeating: 0, count: 6)
        #expect(
            try rewrite([("tokens", six), ("policy", six)], [:])?.contains("without the metadata's list policies")
                == true)
        #expect(
            try rewrite([("tokens", six), ("policy", [0, 0, 1, 0, 0, 0])], ["policies": #"["a"]"#])?
                .contains("row 2: the policy is 1, expected −1 to 0") == true)
        #expect(
            try rewrite([("tokens", six), ("problem", six + six)], [:])?.contains("columns of [6, 12] rows") == true)
        #expect(try rewrite([("other", six)], [:])?.contains("problem") == true)
        func earned(_ rewards: [Float]) throws -> String? {
            try SafetensorsWriter.write(
                [
                    NewTensor("reward", [rewards.count], rewards, as: .f32), NewTensor("group", [6], six, as: .i32),
                    NewTensor("tokens", [6], six, as: .i32),
                ], metadata: [:], to: folder.path(TrajectoryTable.name))
            return message { _ = try HiddenStateCache(folder: folder.url) }
        }
        #expect(try earned([0, 0, 1, .nan, 0, 1]) == nil)
        #expect(
            try earned([0, 0, 2e6, 0, 0, 0])?.contains("row 2: the reward is 2000000.0, expected −1000000.0") == true)
        #expect(try earned([0, .infinity, 0, 0, 0, 0])?.contains("row 1: the reward is inf") == true)
        #expect(try earned([0, 0])?.contains("columns of [2, 6] rows") == true)
    }

    @Test func aLogProbabilityAboveZeroIsRefused() throws {
        try write(Array(repeating: nil, count: 6), behaviour: true)
        let path = folder.path("shard-00000.safetensors")
        let tensor = try SafetensorsFile(path: path).tensor("behaviour_log_prob")
        #expect(tensor.shape == [8])
        let file = try Data(contentsOf: URL(fileURLWithPath: path)), bytes = tensor.bytes
        let needle = Data(bytes.prefix(8))
        let place = try #require(file.range(of: needle)?.lowerBound)
        try folder.replace("shard-00000.safetensors") {
            $0.replaceSubrange(place..<place + 4, with: withUnsafeBytes(of: Float(0.5)) { Data($0) })
        }
        let words = message { _ = try HiddenStateCache(folder: folder.url, verify: false) }
        #expect(words?.contains("the behaviour_log_prob is 0.5, expected a finite number up to 0") == true)
    }
}
