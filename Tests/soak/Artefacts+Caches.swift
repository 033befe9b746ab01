import AutoDecoHeads
import Files
import Foundation
import HiddenStateCache
import Recipes
import Safetensors
import Scoring
import Tensor
import Training

// Caches, and the runs that are trained on them.

extension Artefacts {
    private static let lengths = [5, 0, 9, 4, 7], vocabularySize = 40, hiddenSize = 12

    mutating func addCaches() throws {
        for rank in [nil, 3] as [Int?] {
            let here = try place("cache \(rank ?? 0)")
            try Self.writeCache(to: here, rank: rank)
            var random = RandomGenerator(seed: 5)
            let heads = AutoDecoHeads<Float>(
                configuration: HeadsConfiguration(hiddenSize: rank ?? Self.hiddenSize), random: &random)
            let command: Artefact.Command = { ("autodeco-inspect", ["cache", "--no-verify", $0.path]) }
            add(
                try Artefact("cache of rank \(rank ?? 0)", folder: here, command: command) { folder in
                    // Checksums would hide what is behind them.
                    let cache = try HiddenStateCache(folder: folder, verify: false)
                    _ = try CacheSummary(cache)
                    _ = try cache.losses(of: heads, over: cache.trajectories, gradients: true)
                    for trajectory in cache.trajectories {
                        _ = (cache.labelRanks(of: trajectory), cache.positions(of: trajectory))
                    }
                    _ = cache.trajectories(.validation, of: TrajectorySplit(validationFraction: 0.4, seed: 1))
                })
        }
    }

    /// A run that has taken three of its steps, and goes on.
    mutating func addRun() throws {
        let cacheFolder = try place("cache of the run"), here = try place("run")
        try Self.writeCache(to: cacheFolder, rank: nil)
        let cache = try HiddenStateCache(folder: cacheFolder)
        func trainer(_ folder: URL, stopsAfter steps: Int) throws -> TrainingOutcome {
            var configuration = try RunConfiguration(json5: Data("{}".utf8), file: "run.json")
            configuration.training.settings.steps = 4
            configuration.training.settings.trajectoriesPerStep = 2
            configuration.training.settings.validationFraction = 0.4
            configuration.training.settings.validationEvery = 2
            let run = try configuration.trainer(cache: cache, folder: RunFolder(folder))
            let count = Counter()
            return try run.train(
                resuming: true, TrainingEvents(step: { _ in count.value += 1 }, isInterrupted: { count.value >= steps })
            )
        }
        _ = try trainer(here, stopsAfter: 3)
        add(
            try Artefact("training run", folder: here) { folder in
                _ = HeadsRun(heads: folder.appendingPathComponent("heads"))
                _ = try trainer(folder, stopsAfter: 9)
            })
    }

    /// A class because two closures share it; one thread uses it.
    private final class Counter { var value = 0 }

    private static func writeCache(to folder: URL, rank: Int?) throws {
        var random = RandomGenerator(seed: 7)
        let weights = Tensor<Float>(
            shape: [vocabularySize, hiddenSize], (0..<vocabularySize * hiddenSize).map { _ in Float(random.normal()) })
        let description = try CacheDescription(
            modelName: "linear", modelPath: "", hiddenSize: hiddenSize, vocabularySize: vocabularySize, topLogits: 8,
            tailBins: 8,
            hiddenType: .bf16, rank: rank)
        let projection = rank.map { rank in
            Projection(
                mean: Tensor(shape: [1, hiddenSize]),
                components: Tensor(
                    shape: [rank, hiddenSize], (0..<rank * hiddenSize).map { $0 % (hiddenSize + 1) == 0 ? 1 : 0 }))
        }
        let plan = ShardPlan(lengths: lengths, shardTokens: 12)
        let writer = try CacheWriter(
            folder: folder, description: description, plan: plan, fingerprint: "soak", projection: projection)
        for shard in plan.shards {
            try writer.write(shard) { tokens in
                for line in shard.trajectories where lengths[line] > 0 {
                    let count = lengths[line]
                    let hidden = Tensor<Float>(
                        shape: [count, hiddenSize], (0..<count * hiddenSize).map { _ in Float(random.normal()) })
                    let labels = (0..<count).map { _ in Int(random.next() % UInt64(vocabularySize)) }
                    try tokens.append(trajectory: line, labels: labels, firstPosition: 3, hidden: hidden) { hidden in
                        .product(hidden.matrix, weights.matrix.transposed)
                    }
                }
            }
        }
        let problems: [Int32] = [0, -1, 1, 1, 2]
        try writer.finish(backbone: nil, problems: problems)
    }
}
