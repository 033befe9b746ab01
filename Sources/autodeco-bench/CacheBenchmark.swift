import AutoDecoHeads
import Dispatch
import Foundation
import HiddenStateCache
import LogitSketches
import Tensor
import Terminal

/// `autodeco-bench cache`: what sketches add to the logits' product while a cache is written, and how fast batches are
/// read, at D = 3584 and V = 151,936.
let cacheBenchmark = Command(
    "cache", "Times sketching against the logits' product, and reading a cache.", flags: [jsonFlag]
) { arguments, console in
    Interruption.watch()
    console.noteKernels()
    let result = try CacheTimes.measure(console)
    try arguments[jsonFlag] ? console.print(json: result) : console.print(result.text)
}

private struct CacheTimes: Encodable {
    /// Seconds of one block's logits, and of their sketches.
    var product: Double
    var sketches: Double
    /// Tokens a second that batches are filled with, from pages in memory.
    var loadRate: Double
    /// Time of sketches over that of the product that they follow.
    var overhead: Double { sketches / product }

    enum CodingKeys: String, CodingKey {
        case overhead = "sketch_overhead", loadRate = "load_tokens_per_s"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(overhead, forKey: .overhead)
        try container.encode(loadRate, forKey: .loadRate)
    }

    static let bar = 0.15, rounds = 8, tokens = 4096

    static func measure(_ console: Console) throws -> CacheTimes {
        let checkpoint = try RandomCheckpoint(.outputOfQwen2With7B, layers: 1),
            transformer = try checkpoint.transformer()
        let D = checkpoint.shape.hidden, V = checkpoint.shape.vocabulary, rows = CacheTokens.blockRows
        var random = RandomGenerator(seed: 4)
        // Of the size that a last norm leaves.
        let hidden = Tensor<Float>(shape: [rows, D], (0..<rows * D).map { _ in Float(3 * random.normal()) })
        let labels = (0..<rows).map { _ in Int(random.next() % UInt64(V)) }
        let buffer = SketchBuffer<Float>(capacity: rows, vocabularySize: V, shape: .standard)
        var product = Double.infinity, sketches = product, logits = transformer.logits(hidden)
        let progress = console.progress("blocks", of: rounds)
        for _ in 0..<rounds {
            try Interruption.check()
            // In turns, as collecting does it: logits, then their sketches.
            product = min(product, seconds { logits = transformer.logits(hidden) })
            sketches = min(sketches, try seconds { try buffer.fill(from: 0, logits: logits, labels: labels) })
            progress.advance()
        }
        progress.finish()
        return CacheTimes(product: product, sketches: sketches, loadRate: try measureLoading(hidden, logits, labels))
    }

    /// Tokens a second of filling one batch again and again from a cache in which one block of tokens is repeated.
    private static func measureLoading(
        _ hidden: Tensor<Float>, _ logits: Tensor<Float>, _ labels: [Int]
    ) throws -> Double {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "autodeco-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let lengths = Array(repeating: labels.count, count: tokens / labels.count)
        let description = try CacheDescription(
            modelName: "random", modelPath: "", hiddenSize: hidden.columns, vocabularySize: logits.columns)
        let writer = try CacheWriter(
            folder: folder, description: description, plan: ShardPlan(lengths: lengths), fingerprint: "benchmark")
        for shard in writer.plan.shards {
            try writer.write(shard) { tokens in
                for line in shard.trajectories {
                    try Interruption.check()
                    try tokens.append(trajectory: line, labels: labels, firstPosition: 1, hidden: hidden) { _ in logits
                    }
                }
            }
        }
        try writer.finish(backbone: nil)
        let cache = try HiddenStateCache(folder: folder)
        var batch = cache.emptyBatch(as: Float.self), time = Double.infinity
        for epoch in 0..<rounds {
            let order = cache.trajectories.shuffled(epoch: epoch, seed: 1)
            time = min(time, try seconds { try cache.load(order, into: &batch) })
        }
        return Double(tokens) / time
    }

    private static func seconds(_ job: () throws -> Void) rethrows -> Double {
        let start = DispatchTime.now().uptimeNanoseconds
        try job()
        return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    }

    var text: String {
        """
        \(CacheTokens.blockRows) rows at D = 3,584 and V = 151,936: \
        logits \(String(format: "%.3f", product)) s, sketches \(String(format: "%.3f", sketches)) s
        sketches over logits: \(String(format: "%.3f", overhead))   \
        bar ≤ \(Self.bar)   \(overhead <= Self.bar ? "holds" : "missed")
        reading batches of \(Readable.count(Self.tokens)) tokens: \(Readable.count(Int(loadRate))) tokens/s
        """
    }
}
