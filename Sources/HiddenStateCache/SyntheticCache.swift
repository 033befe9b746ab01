import Foundation
import Tensor

/// A cache of random tokens in a temporary folder, for measuring speed where there is no model at hand: normal hidden
/// states under rows of logits as a model gives them, a normal bulk and some raised tokens.
///
/// A class because it owns the folder, which is there as long as it is.
public final class SyntheticCache {
    public let cache: HiddenStateCache
    private let folder: Folder

    /// Writes the cache.
    ///
    /// - Parameters:
    ///   - description: without a projection; give the projected size as `hiddenSize` to measure one.
    ///   - trajectories: how many, each of `length` tokens.
    ///   - shardTokens: tokens a file.
    ///   - didWrite: gets the number of tokens of each trajectory; what it throws ends the writing.
    /// - Throws: ``CacheError`` or `FileError` where the temporary folder cannot be written.
    public init(
        _ description: CacheDescription, trajectories: Int, length: Int,
        shardTokens: Int = ShardPlan.standardShardTokens,
        didWrite: (Int) throws -> Void = { _ in }
    ) throws {
        require(description.rank == nil, "a synthetic cache is not projected")
        folder = Folder()
        let D = description.hiddenSize, V = description.vocabularySize,
            rows = min(CacheTokens.blockRows, trajectories * length)
        var random = RandomGenerator(seed: 1)
        let logits = Tensor<Float>(shape: [rows, V]) { l in
            for i in l.indices { l[i] = Float(2.5 * random.normal()) }
            for row in 0..<rows {
                for _ in 0..<30 { l[row * V + Int(random.next() % UInt64(V))] += Float(random.uniform(in: 4..<22)) }
            }
        }
        // The label is one of the largest few, as it is in sampled text.
        let labels = (0..<rows).map { row in
            let top = (0..<V).map { logits[row, $0] }.enumerated().max { $0.element < $1.element }?.offset ?? 0
            return random.uniform() < 0.7 ? top : Int(random.next() % UInt64(V))
        }
        let block = (0..<1_000_003).map { _ in Float(3 * random.normal()) }
        let plan = ShardPlan(lengths: Array(repeating: length, count: trajectories), shardTokens: shardTokens)
        let writer = try CacheWriter(folder: folder.url, description: description, plan: plan, fingerprint: "synthetic")
        for shard in plan.shards {
            try writer.write(shard) { tokens in
                for line in shard.trajectories {
                    let hidden = Tensor<Float>(shape: [length, D]) { h in
                        for i in h.indices { h[i] = block[(i + line * 7919) % block.count] }
                    }
                    let all = (0..<length).map { labels[$0 % rows] }
                    try tokens.append(trajectory: line, labels: all, firstPosition: 1, hidden: hidden) { hidden in
                        hidden.rows == rows
                            ? logits : Tensor(shape: [hidden.rows, V], logits.elements[0..<hidden.rows * V])
                    }
                    try didWrite(length)
                }
            }
        }
        try writer.finish(backbone: nil)
        cache = try HiddenStateCache(folder: folder.url, verify: false)
    }

    /// Goes with whoever holds it, also where writing fails.
    private final class Folder {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(
            "autodeco-synthetic-\(UUID().uuidString)")

        deinit { try? FileManager.default.removeItem(at: url) }
    }
}
