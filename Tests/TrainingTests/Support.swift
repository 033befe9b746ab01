import AutoDecoHeads
import Recipes
import Foundation
import HiddenStateCache
import LogitSketches
import Safetensors
import Tensor
@testable import Training

/// A folder that is there as long as this object.
final class TemporaryFolder {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
        "autodeco-training-tests-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: url) }
}

/// A cache of trajectories whose labels were drawn at a temperature that the hidden state tells: low where its first
/// number is negative, high where it is positive. So heads can do what no constant can.
struct Corpus {
    static let D = 12, V = 40
    let folder: TemporaryFolder
    let cache: HiddenStateCache

    /// - Parameter rank: of a projection onto the first columns; nil stores hidden states whole.
    init(
        trajectories: Int = 60, sketch: SketchShape = .standard, rank: Int? = nil, seed: UInt64 = 1,
        hiddenType: ElementType = .f32
    ) throws {
        var random = RandomGenerator(seed: seed)
        let D = Self.D, V = Self.V
        let weights = (0..<V * D).map { _ in Float(random.normal()) }
        func logits(_ hidden: Tensor<Float>) -> Tensor<Float> {
            var logits = Tensor<Float>(shape: [hidden.rows, V])
            for row in 0..<hidden.rows {
                for token in 0..<V { for i in 0..<D { logits[row, token] += hidden[row, i] * weights[token * D + i] } }
            }
            return logits
        }
        folder = try TemporaryFolder()
        let lengths = (0..<trajectories).map { _ in 10 + Int(random.next() % 40) }
        let description = try CacheDescription(
            modelName: "linear", modelPath: "/models/linear", hiddenSize: D, vocabularySize: V, topLogits: sketch.exact,
            tailBins: sketch.bins,
            hiddenType: hiddenType, rank: rank)
        let projection = rank.map { rank in
            var components = Tensor<Float>(shape: [rank, D])
            for i in 0..<rank { components[i, i] = 1 }
            return Projection(mean: Tensor(shape: [1, D], repeating: 0.25), components: components)
        }
        let writer = try CacheWriter(
            folder: folder.url, description: description, plan: ShardPlan(lengths: lengths, shardTokens: 500),
            fingerprint: "corpus \(seed)",
            projection: projection)
        for shard in writer.plan.shards {
            try writer.write(shard) { tokens in
                for line in shard.trajectories {
                    let hidden = Tensor<Float>(
                        shape: [lengths[line], D], (0..<lengths[line] * D).map { _ in Float(random.normal()) })
                    let l = logits(hidden)
                    let labels = (0..<lengths[line]).map { row -> Int in
                        let T: Float = hidden[row, 0] < 0 ? 0.2 : 1.6
                        let scaled = Tensor<Float>(shape: [1, V], (0..<V).map { l[row, $0] / T }).softmax()
                        var rest = Float(random.uniform())
                        for token in 0..<V {
                            rest -= scaled[token]
                            if rest <= 0 { return token }
                        }
                        return V - 1
                    }
                    try tokens.append(
                        trajectory: line, labels: labels, firstPosition: 3, hidden: hidden, logits: logits)
                }
            }
        }
        try writer.finish(backbone: nil)
        cache = try HiddenStateCache(folder: folder.url)
    }

    func configuration(_ settings: String = "") throws -> RunConfiguration {
        let standard =
            "steps: 12, trajectoriesPerStep: 6, microBatchTokens: 64, learningRate: 0.01, validationFraction: 0.3, "
            + "validationEvery: 4, checkpointEvery: 5, seed: 3"
        return try RunConfiguration(
            json5: Data("{ training: { \(standard) } }".utf8), file: "test",
            overrides: settings.split(separator: ";").map(String.init))
    }

    func trainer(_ settings: String = "", in folder: URL) throws -> Trainer {
        try configuration(settings).trainer(cache: cache, folder: RunFolder(folder))
    }
}

/// The message of what `body` throws; nil where it throws nothing.
func message(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch { return "\(error)" }
}

extension Trainer {
    /// Trains to the end; nil where it was interrupted.
    @discardableResult
    func finished(resuming: Bool = false, _ events: TrainingEvents = TrainingEvents()) throws -> TrainingSummary? {
        if case .finished(let summary) = try train(resuming: resuming, events) { return summary }
        return nil
    }
}
