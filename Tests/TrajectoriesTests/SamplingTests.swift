import Backbone
import Foundation
import Tasks
import Tensor
import Testing
import Tokenizers
@testable import Trajectories

/// What is kept is correct, distinct, and a function of the seed and the problem alone.
@Suite struct SamplingTests {
    private let tiny: TinyModel

    init() throws { tiny = try TinyModel() }

    private func trajectories(_ block: SampledBlock) throws -> [Trajectory] {
        let folder = try TemporaryFolder(), path = folder.path("t.jsonl")
        try block.lines.write(to: URL(fileURLWithPath: path))
        let reader = try TrajectoryReader(path: path, encoding: tiny.encoding)
        var result: [Trajectory] = []
        while let trajectory = try reader.next() { result.append(trajectory) }
        return result
    }

    @Test func distinctCorrectCompletionsAreKeptUpToTheLimit() throws {
        for keep in [1, 2, 100] {
            let block = try tiny.sampler(samples: 12, keep: keep).sample(0..<7)
            let kept = try trajectories(block)
            #expect(
                block.counts.kept == kept.count
                    && kept.allSatisfy { $0.isCorrect == true && !$0.isTruncated && $0.completionIDs.last == 1 })
            for (_, same) in Dictionary(grouping: kept, by: \.problemID) {
                #expect(same.count <= keep && Set(same.map(\.completionIDs)).count == same.count)
            }
            #expect(block.counts.problems == 7 && block.counts.sampled == 84)
            #expect(block.counts.accepted > 10 && block.counts.accepted < 70, "the verifier tells completions apart")
            #expect(block.counts.solved == Set(kept.map(\.problemID)).count)
        }
    }

    @Test func rejectedCompletionsAreKeptMarkedWhereAskedFor() throws {
        let plain = try tiny.sampler(keep: 100).sample(0..<7),
            all = try tiny.sampler(keep: 100, keepsRejected: true).sample(0..<7)
        #expect(plain.counts == all.counts)
        let kept = try trajectories(all)
        #expect(kept.filter { $0.isCorrect == true } == (try trajectories(plain)))
        let rejected = kept.filter { $0.isCorrect == false }
        #expect(rejected.count > 5 && rejected.contains(where: \.isTruncated) && rejected.contains { !$0.isTruncated })
        #expect(rejected.allSatisfy { $0.isTruncated == ($0.completionIDs.last != 1) })
    }

    @Test func equalCompletionsAreKeptOnce() throws {
        let sampler = try RejectSampler(
            model: tiny.model, tokenizer: tiny.tokenizer, policy: EndsAtOnce(), verifier: AlwaysRight(),
            rendering: PromptRendering(),
            problems: TinyModel.problems,
            settings: SamplingSettings(samples: 5, keep: 5, maxTokens: 30, seed: 0, width: 8))
        let counts = try sampler.sample(0..<3).counts
        #expect(counts.accepted == 15 && counts.kept == 3)
    }

    @Test func truncatedCompletionsAreNeverAccepted() throws {
        let counts = try tiny.sampler(keep: 100, verifier: AlwaysRight()).sample(0..<7).counts
        #expect(counts.truncated > 0 && counts.accepted == counts.sampled - counts.truncated)
    }

    @Test func theVerifierSeesTheTextWithoutItsEnd() throws {
        let seen = Seen()
        let block = try tiny.sampler(keep: 100, verifier: seen).sample(0..<2)
        let kept = try trajectories(block)
        #expect(!kept.isEmpty)
        #expect(try Set(kept.map { try tiny.tokenizer.decode($0.completionIDs.dropLast()) }) == Set(seen.texts))
    }

    /// Ids and texts of a line say the same.
    @Test func writtenLinesReadTheSameFromTheirTexts() throws {
        let block = try tiny.sampler(keep: 100, keepsRejected: true).sample(0..<7)
        var compared = 0
        for line in block.lines.split(separator: UInt8(ascii: "\n")) {
            var object = try #require(JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            let promptIDs = object.removeValue(forKey: "prompt_ids") as? [Int],
                completionIDs = object.removeValue(forKey: "completion_ids") as? [Int]
            let texts = try JSONDecoder().decode(
                TrajectoryLine.self, from: JSONSerialization.data(withJSONObject: object))
            // A model may write "9" twice where the tokenizer writes "99": then the text has other ids.
            guard let completionIDs, try tiny.ids(tiny.tokenizer.decode(completionIDs)) == completionIDs else {
                continue
            }
            let trajectory = try tiny.encoding.trajectory(texts)
            #expect(trajectory.promptIDs == promptIDs && trajectory.completionIDs == completionIDs)
            compared += 1
        }
        #expect(compared > 20)
    }

    // MARK: Streams

    @Test func blocksDoNotMatter() throws {
        let sampler = try tiny.sampler(keepsRejected: true)
        let whole = try sampler.sample(0..<7)
        let parts = try [0..<2, 2..<3, 3..<7].map { try sampler.sample($0) }
        #expect(parts.map(\.lines).reduce(Data(), +) == whole.lines)
        var counts = SamplingCounts()
        for part in parts { counts += part.counts }
        #expect(counts == whole.counts)
    }

    @Test func theSameSeedGivesTheSameBytesWithOneAndTwoThreads() throws {
        let lines = try [1, 2].map { threads in
            try Parallel.$threads.withValue(threads) { try tiny.sampler().sample(0..<7).lines }
        }
        #expect(lines[0] == lines[1] && !lines[0].isEmpty)
        #expect(try tiny.sampler(seed: 4).sample(0..<7).lines != lines[0])
    }

    @Test func cancellingKeepsNothing() throws {
        var seen = 0
        #expect(throws: CancellationError.self) {
            try tiny.sampler().sample(0..<7) { _, _ in
                seen += 1
            } isCancelled: {
                seen >= 3
            }
        }
        #expect(seen >= 3 && seen < 42)
    }

    // MARK: Errors

    @Test func problemsThatDoNotFitTheModelAreNamedBeforeAnythingRuns() throws {
        let long = Problem(id: "long", text: String(repeating: "1", count: 200), answer: .text("1"))
        let error = #expect(throws: ModelError.self) { try tiny.sampler(problems: TinyModel.problems + [long]) }
        #expect(
            error?.description.hasPrefix("found 201 tokens in the prompt of problem long, expected at most 95") == true)
    }

    @Test func modelsWithoutAnEndTokenAreRefused() throws {
        let endless = try TinyModel(changes: ["eos_token_id": NSNull()])
        _ = try endless.sampler()  // tokenizer_config.json names one
        try FileManager.default.removeItem(atPath: endless.folder.path("tokenizer_config.json"))
        let tokenizer = try Tokenizer(directory: endless.folder.url)
        let error = #expect(throws: SamplingError.self) {
            try RejectSampler(
                model: endless.model, tokenizer: tokenizer, policy: EndsAtOnce(), verifier: AlwaysRight(),
                rendering: PromptRendering(),
                problems: TinyModel.problems,
                settings: SamplingSettings(samples: 1, keep: 1, maxTokens: 3, seed: 0, width: 1))
        }
        #expect(error?.description.hasPrefix("the model names no end token") == true)
    }
}
