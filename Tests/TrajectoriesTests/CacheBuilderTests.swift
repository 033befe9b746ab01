import AutoDecoHeads
import Files
import Foundation
import HiddenStateCache
import LogitSketches
import Safetensors
import Tasks
import Tensor
import Testing
@testable import Trajectories

/// The cache of a trajectory file holds what the model computes for each completion, whatever shares a pass or a run.
@Suite struct CacheBuilderTests {
    private let tiny: TinyModel
    fileprivate let folder: TemporaryFolder
    private let path: String
    /// By line; nil for lines that are left out.
    private let trajectories: [Trajectory?]

    /// Short ones, one longer than a forward pass, one whose prompt alone is, wrong ones and an empty line.
    init() throws {
        tiny = try TinyModel(contextLength: 4096)
        folder = try TemporaryFolder()
        let sizes: [(Int, Int)?] = [
            (9, 30), (1, 1), nil, (40, 300), (5, 7), (12, 2300), (1100, 20), nil, (1025, 1), (3, 250), (7, 1017),
            (8, 500), nil,
        ]
        var lines = "", trajectories: [Trajectory?] = []
        for (line, size) in sizes.enumerated() {
            let (prompt, completion) = size ?? (4, 6)
            if line == 7 {
                lines += "\n"
                trajectories.append(nil)
                continue
            }
            let ids = tiny.tokens(prompt + completion, seed: UInt64(line))
            let trajectory = Trajectory(
                promptIDs: Array(ids[..<prompt]), completionIDs: Array(ids[prompt...]), isCorrect: size != nil)
            lines += String(decoding: try TrajectoryLine(trajectory, prompt: "", completion: nil).json(), as: UTF8.self)
            trajectories.append(size == nil ? nil : trajectory)
        }
        path = try folder.write("t.jsonl", lines)
        self.trajectories = trajectories
    }

    private func builder(
        _ name: String = "cache", K: Int = 256, B: Int = 128, type: ElementType = .f32, rank: Int? = nil,
        shardTokens: Int = 250,
        fingerprint: String = "f", path: String? = nil
    ) throws -> CacheBuilder {
        let path = path ?? self.path
        return CacheBuilder(
            model: tiny.model, modelFolder: tiny.folder.url, trajectories: path, encoding: tiny.encoding,
            lengths: try TrajectoryLengths(path: path, encoding: tiny.encoding),
            folder: folder.url.appendingPathComponent(name),
            description: try CacheDescription(
                modelName: "tiny", modelPath: "tiny", hiddenSize: tiny.model.configuration.hiddenSize,
                vocabularySize: TinyModel.vocabularySize,
                topLogits: K, tailBins: B, hiddenType: type, rank: rank),
            shardTokens: shardTokens, fingerprint: fingerprint)
    }

    private func cache(_ name: String = "cache") throws -> HiddenStateCache {
        try HiddenStateCache(folder: folder.url.appendingPathComponent(name))
    }

    /// The reference: each trajectory alone, in one teacher-forced pass over all of it.
    private func direct(_ trajectory: Trajectory) throws -> (hidden: Tensor<Float>, logits: Tensor<Float>) {
        let all = try tiny.model.hidden([trajectory.promptIDs + trajectory.completionIDs]), D = all.columns
        let first = trajectory.promptIDs.count - 1, count = trajectory.completionIDs.count
        let hidden = Tensor<Float>(shape: [count, D], Array(all.elements[first * D..<(first + count) * D]))
        return (hidden, tiny.model.logits(hidden))
    }

    @Test func theCacheNamesTheModelsWeights() throws {
        try builder().build()
        let named = try #require(try cache().modelFingerprint)
        #expect(named == (try Checkpoint(folder: tiny.folder.url.path).fingerprint))
        #expect(named == tiny.model.configuration.modelFingerprint)
    }

    @Test(arguments: [(256, 128), (8, 8)])
    func theCacheEqualsADirectForwardPass(_ K: Int, _ B: Int) throws {
        try builder(K: K, B: B).build()
        let cache = try cache()
        #expect(cache.shardCount > 3)
        #expect(cache.trajectories.map(\.number) == trajectories.indices.filter { trajectories[$0] != nil })
        var largest = 0.0
        for index in cache.trajectories {
            let trajectory = try #require(trajectories[index.number])
            let (hidden, logits) = try direct(trajectory)
            let batch = try cache.batch(of: [index])
            #expect(batch.labels == trajectory.completionIDs)
            #expect(
                batch.positions
                    == Array(trajectory.promptIDs.count..<trajectory.promptIDs.count + trajectory.completionIDs.count))
            #expect(batch.hidden.shape == hidden.shape)
            for i in 0..<hidden.count {
                let error = Double(abs(batch.hidden[i] - hidden[i]))
                // Written so that NaN counts as the largest.
                if !(error <= largest) { largest = error.isNaN ? .infinity : error }
            }
            for (row, label) in batch.labels.enumerated() {
                let own = logits[row, label]
                // Ranks by logits that are apart by more than rounding.
                let above = (0..<logits.columns).count { logits[row, $0] > own + 1e-4 },
                    near = (0..<logits.columns).count { logits[row, $0] > own - 1e-4 }
                #expect(above <= batch.labelRanks[row] && batch.labelRanks[row] < near)
            }
            // Losses of the cache's sketches against those of full rows: exact where all logits are kept.
            let ones = Tensor<Float>(shape: [batch.count, 1], repeating: 1)
            let sketched = batch.sketches.lossesAndFeatures(temperature: ones, topP: ones, constants: LossConstants())
                .losses.temperature
            for (row, label) in batch.labels.enumerated() {
                let values = (0..<logits.columns).map { Double(logits[row, $0]) }, top = values.max() ?? 0
                let loss = log(values.reduce(0) { $0 + exp($1 - top) }) + top - values[label]
                #expect(abs(Double(sketched[row]) - loss) < 2e-3, "trajectory \(index.number), row \(row)")
            }
        }
        print("largest difference of a hidden state to a direct pass: \(largest)")
        // Rows go through products in other company: the last bits differ.
        #expect(largest < 2e-5)
    }

    /// Ended between shards, and with tokens of the next one already walked.
    @Test(arguments: [(0, 0), (1, 0), (2, 0), (2, 1), (4, 0)])
    func anInterruptedCacheGoesOnToTheSameBytes(_ shards: Int, _ tokensMore: Int) throws {
        try builder("whole").build()
        var seen = 0
        let plan = try builder().plan, before = plan.shards.prefix(shards).reduce(0) { $0 + $1.tokens }
        #expect(throws: CancellationError.self) {
            try builder().build(onTokens: { seen += $0 }, isCancelled: { seen >= before + tokensMore })
        }
        #expect(try !builder().isComplete())
        var stages: [CacheBuilder.Stage] = [], walked = 0
        try builder().build(onStage: { stages.append($0) }, onTokens: { walked += $0 })
        #expect(stages == [.writing(tokensBefore: before)] && walked == plan.tokens - before)
        #expect(try folder.files(below: "cache") == folder.files(below: "whole"))
        #expect(try builder().isComplete())
    }

    @Test func bytesDoNotDependOnThreads() throws {
        try Parallel.$threads.withValue(1) { try builder("one").build() }
        try Parallel.$threads.withValue(2) { try builder("two").build() }
        #expect(try folder.files(below: "one") == folder.files(below: "two"))
    }

    @Test func aProjectedCacheHoldsComponentsOfTheSameStates() throws {
        try builder("whole").build()
        var stages: [CacheBuilder.Stage] = [], walked = 0
        // Ended right after the first pass.
        let tokens = try builder(rank: 5).plan.tokens
        #expect(throws: CancellationError.self) {
            try builder(rank: 5).build(
                onStage: { stages.append($0) }, onTokens: { walked += $0 }, isCancelled: { walked >= tokens })
        }
        #expect(stages == [.components, .writing(tokensBefore: 0)])
        try builder(rank: 5).build(onStage: { stages.append($0) })
        #expect(stages.last == .writing(tokensBefore: 0) && stages.count == 3, "the first pass is not repeated")
        try builder("again", rank: 5).build()
        #expect(try folder.files(below: "cache") == folder.files(below: "again"))

        let whole = try cache("whole"), projected = try cache(), projection = try #require(projected.projection)
        #expect(whole.trajectories.map(\.number) == projected.trajectories.map(\.number) && !whole.trajectories.isEmpty)
        for (a, b) in zip(whole.trajectories, projected.trajectories) {
            let wanted = try projection.project(whole.batch(of: [a]).hidden),
                found = try projected.batch(of: [b]).hidden
            #expect(found.shape == [b.count, 5])
            #expect(zip(wanted.elements, found.elements).allSatisfy { abs($0 - $1) < 1e-4 })
        }
    }

    @Test func anotherCacheIsRefused() throws {
        try builder().build()
        #expect(throws: CacheError.self) { try builder(fingerprint: "g").isComplete() }
        #expect(throws: CacheError.self) { try builder(fingerprint: "g").build() }
        #expect(throws: CacheError.self) { try builder(shardTokens: 400).build() }
        #expect(throws: CacheError.self) { try builder(type: .bf16).build() }
    }

    @Test func aFileThatChangesWhileItIsReadIsAnError() throws {
        let path = try folder.write("c.jsonl", #"{"prompt_ids": [5], "completion_ids": [7, 8]}"#)
        let builder = try builder(path: path)
        _ = try folder.write("c.jsonl", #"{"prompt_ids": [5], "completion_ids": [7]}"#)
        let error = #expect(throws: JSONLinesError.self) { try builder.build() }
        #expect(error?.description == "\(path), line 1: has changed since the file was first read")
    }
}

extension CacheBuilderTests {
    /// A cache of an earlier version is complete but for its problems: they are added, and no token is walked again.
    @Test func problemsOfTheFileAreInTheCache() throws {
        let lines = ["a", "b", nil, "a"].enumerated().map { line, problem in
            "{\"prompt_ids\": [3, \(5 + line)], \"completion_ids\": [7, 1]"
                + (problem.map { ", \"problem_id\": \"\($0)\"" } ?? "") + "}\n"
        }
        let path = try folder.write("problems.jsonl", lines.joined())
        try builder("problems", path: path).build()
        #expect(try cache("problems").problems == [0, 1, -1, 0])
        let table = folder.url.appendingPathComponent("problems/trajectories.safetensors")
        try FileManager.default.removeItem(at: table)
        #expect(try cache("problems").problems == nil)
        #expect(try !builder("problems", path: path).isComplete())
        var walked = 0
        try builder("problems", path: path).build(onTokens: { walked += $0 })
        #expect(try walked == 0 && builder("problems", path: path).isComplete())
        #expect(try cache("problems").problems == [0, 1, -1, 0])
    }
}
