import AutoDecoHeads
import Backbone
import Files
import Foundation
import HiddenStateCache
import LogitSketches
import Safetensors
import Tensor
import Testing
@testable import Trajectories

/// A cache from an engine's hidden states is the cache that a walk makes.
@Suite struct EngineStatesTests {
    private let tiny: TinyModel
    private let folder: TemporaryFolder
    private let path: String
    private let trajectories: [Trajectory]

    init() throws {
        let tiny = try TinyModel(contextLength: 4096)
        self.tiny = tiny
        folder = try TemporaryFolder()
        // The first two begin alike; the last is longer than a piece.
        let trajectories = [(9, 30), (9, 12), (1, 1), (40, 1200)].enumerated().map { line, size in
            let ids = tiny.tokens(size.0 + size.1, seed: UInt64(max(1, line)))
            return Trajectory(promptIDs: Array(ids[..<size.0]), completionIDs: Array(ids[size.0...]))
        }
        self.trajectories = trajectories
        let lines = try trajectories.map {
            String(decoding: try TrajectoryLine($0, prompt: "", completion: nil).json(), as: UTF8.self)
        }
        path = try folder.write("t.jsonl", lines.joined())
    }

    private var states: URL { folder.url.appendingPathComponent("states", isDirectory: true) }

    /// States before the final norm, as an engine writes them: the norm's output without its weight, so large that ε
    /// does not matter, after another layer's.
    ///
    /// - Parameter count: how many ids of prompt and completion the file holds.
    private func write(
        _ trajectory: Trajectory, _ name: String, count: (Int) -> Int = { $0 },
        change: (inout [Float]) -> Void = { _ in }
    ) throws {
        try FileManager.default.createDirectory(at: states, withIntermediateDirectories: true)
        let all = trajectory.promptIDs + trajectory.completionIDs, ids = Array(all.prefix(count(all.count)))
        let weight = try Checkpoint(folder: tiny.folder.url.path).tensor("model.norm.weight").values(as: Float.self)
        let hidden = try tiny.model.hidden([ids]), D = hidden.columns
        var values: [Float] = []
        for row in 0..<ids.count {
            values += (0..<D).map { _ in 7 }
            values += (0..<D).map { 100 * hidden[row, $0] / weight[$0] }
        }
        change(&values)
        try SafetensorsWriter.write(
            [
                NewTensor("hidden_states", [ids.count, 2, D], values, as: .f32),
                NewTensor("token_ids", [ids.count], ids, as: .i64),
            ], to: states.appendingPathComponent("\(name).safetensors").path)
    }

    private func cache(_ name: String, from states: EngineStates?) throws -> HiddenStateCache {
        let place = folder.url.appendingPathComponent(name)
        try CacheBuilder(
            model: tiny.model, modelFolder: tiny.folder.url, trajectories: path, encoding: tiny.encoding,
            lengths: try TrajectoryLengths(path: path, encoding: tiny.encoding), folder: place,
            description: try CacheDescription(
                modelName: "tiny", modelPath: "tiny", hiddenSize: tiny.model.configuration.hiddenSize,
                vocabularySize: TinyModel.vocabularySize, topLogits: 16, tailBins: 8, hiddenType: .f32),
            shardTokens: 250, fingerprint: "f", states: states
        ).build()
        return try HiddenStateCache(folder: place)
    }

    private func opened() throws -> EngineStates {
        try EngineStates(folder: states, hiddenSize: tiny.model.configuration.hiddenSize)
    }

    @Test func theCacheIsTheOneOfAWalk() throws {
        // All ids; without the last, as where the engine drew them; with one more that it drew.
        try write(trajectories[0], "a")
        try write(trajectories[1], "b") { $0 - 1 }
        var longer = trajectories[2]
        longer.completionIDs.append(5)
        try write(longer, "c")
        try write(trajectories[3], "d")
        let walked = try cache("walked", from: nil), found = try cache("found", from: try opened())
        for index in walked.trajectories {
            let (expected, batch) = (try walked.batch(of: [index]), try found.batch(of: [index]))
            #expect(batch.labels == expected.labels && batch.positions == expected.positions)
            #expect(batch.trajectories == expected.trajectories)
            func largest(_ a: Tensor<Float>, _ b: Tensor<Float>) -> Float {
                zip(a.elements, b.elements).map { abs($0 - $1) }.max() ?? .nan
            }
            #expect(largest(batch.hidden, expected.hidden) < 2e-5)
            let ones = Tensor<Float>(shape: [batch.count, 1], repeating: 1)
            func losses(_ sketches: LogitSketches<Float>) -> Tensor<Float> {
                sketches.lossesAndFeatures(temperature: ones, topP: ones, constants: LossConstants()).losses.temperature
            }
            #expect(largest(losses(batch.sketches), losses(expected.sketches)) < 1e-4)
        }
    }

    @Test func aTrajectoryWithoutStatesIsNamed() throws {
        for (line, name) in [(0, "a"), (1, "b"), (3, "d")] { try write(trajectories[line], name) }
        let error = #expect(throws: CacheError.self) { try cache("found", from: try opened()) }
        #expect(error?.description.contains("holds the 1 token of line 3") == true, "\(error?.description ?? "")")
    }

    @Test func filesOfAnotherFormAreRefused() throws {
        try FileManager.default.createDirectory(at: states, withIntermediateDirectories: true)
        #expect(throws: CacheError.self) { try opened() }
        try write(trajectories[0], "a")
        let wrong = #expect(throws: CacheError.self) { try EngineStates(folder: states, hiddenSize: 7) }
        #expect(wrong?.description.contains("layers, 7]") == true)
        for (line, name) in [(1, "b"), (2, "c"), (3, "d")] { try write(trajectories[line], name) }
        let D = tiny.model.configuration.hiddenSize
        try write(trajectories[0], "a", change: { $0[$0.count - 1 - 2 * D] = .nan })
        let unsound = #expect(throws: CacheError.self) { try cache("found", from: try opened()) }
        #expect(unsound?.description.contains("a.safetensors: holds nan") == true, "\(unsound?.description ?? "")")
    }
}
