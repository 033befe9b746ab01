import Backbone
import Decoding
import Foundation
import Tensor
import Terminal

/// FLOPs, memory and latency of decoding 1,000 tokens after prompts of several lengths, with static sampling and with
/// heads, in the form of the paper's third table.
///
/// Steps are timed through two layers and scaled to all; the cache only pretends to hold the prompt, half of the tokens
/// included.
struct DecodeTable {
    struct Column: Encodable {
        var promptLength: Int
        var flops: Double, headsFlops: Double
        /// Megabytes (10⁶) of weights and caches.
        var memory: Double, headsMemory: Double
        /// Seconds of 1,000 tokens.
        var latency: Double, headsLatency: Double

        enum CodingKeys: String, CodingKey {
            case promptLength = "prompt_tokens"
            case flops = "sampling_flops", headsFlops = "heads_flops"
            case memory = "sampling_mb", headsMemory = "heads_mb"
            case latency = "sampling_s_per_1k_tokens", headsLatency = "heads_s_per_1k_tokens"
        }
    }

    var columns: [Column]

    static let lengths = [1024, 2048, 4096, 8192, 16384, 24576]
    static let tokens = 1000, timedLayers = 2, rounds = 8

    static func measure(_ checkpoint: RandomCheckpoint) throws -> DecodeTable {
        let shape = checkpoint.shape, transformer = try checkpoint.transformer(repeatingFirstLayer: timedLayers)
        let policies = try BenchmarkPolicies(shape)
        let pasts = lengths.map { length in
            let cache = transformer.makeCache()
            cache.pretend(toHold: length + tokens / 2)
            return cache
        }
        var layers = Array(repeating: Double.infinity, count: lengths.count)
        var output = Double.infinity, sampling = output, heads = output
        var random = [RandomGenerator(seed: 5)]
        for _ in 0..<rounds {
            for (i, past) in pasts.enumerated() {
                try Interruption.check()
                let fork = past.fork()
                var hidden = Tensor<Float>(shape: [0]), logits = hidden
                layers[i] = min(layers[i], try seconds { hidden = try transformer.advance([(fork, [7])]) })
                output = min(output, seconds { logits = transformer.logits(hidden) })
                sampling = min(
                    sampling,
                    try seconds { _ = try policies.sampling.choose(hidden: hidden, logits: logits, random: &random) })
                heads = min(
                    heads,
                    try seconds { _ = try policies.heads.choose(hidden: hidden, logits: logits, random: &random) })
            }
        }
        let parameters = policies.heads.heads.parameters.named.reduce(0) { $0 + $1.value.count }
        let columns = lengths.enumerated().map { i, length in
            let step = layers[i] * Double(shape.layers) / Double(timedLayers) + output
            let flops = flops(shape, prompt: length), memory = memory(shape, prompt: length)
            return Column(
                promptLength: length, flops: flops, headsFlops: flops + Double(2 * parameters * tokens),
                memory: memory, headsMemory: memory + Double(4 * parameters) / 1e6,
                latency: (step + sampling) * Double(tokens), headsLatency: (step + heads) * Double(tokens))
        }
        return DecodeTable(columns: columns)
    }

    /// Multiplications and additions of all products, of prompt and tokens; logits are needed once for the prompt.
    private static func flops(_ shape: ModelShape, prompt: Int) -> Double {
        let positions = Double(prompt + tokens)
        let products = positions * Double(shape.layers * shape.layerWeights) + Double(tokens * shape.outputWeights)
        // A position looks at all up to itself, once for scores and once for values.
        let attention = Double(shape.layers * 2 * shape.heads * shape.headSize) * positions * (positions + 1) / 2
        return 2 * (products + attention)
    }

    /// BF16 weights, mapped, and the cache in Float at the end.
    private static func memory(_ shape: ModelShape, prompt: Int) -> Double {
        let weights = shape.layers * shape.layerWeights + shape.outputWeights * (shape.tiesEmbeddings ? 1 : 2)
        return Double(2 * weights + 4 * shape.layers * shape.cacheWidth * (prompt + tokens)) / 1e6
    }

    var text: String {
        func row(_ metric: String, _ method: String, _ cells: [String]) -> String {
            metric.padding(toLength: 22, withPad: " ", startingAt: 0)
                + method.padding(toLength: 18, withPad: " ", startingAt: 0)
                + cells.map { $0.leftPadded(to: 11) }.joined()
        }
        func cells(_ format: String, _ value: (Column) -> Double) -> [String] {
            columns.map { String(format: format, value($0)) }
        }
        func extra(_ value: (Column) -> Double, over base: (Column) -> Double) -> [String] {
            cells("%.2f %%") { 100 * (value($0) / base($0) - 1) }
        }
        return """
            Qwen2-7B's shape, \(Self.tokens) tokens after a prompt; steps are timed through \
            \(Self.timedLayers) layers over a made-up past, the fastest of \(Self.rounds), \
            and scaled to \(ModelShape.qwen2With7B.layers) layers and \(Self.tokens) tokens. \
            FLOPs are those of prompt and tokens,
            memory is weights and KV cache; both are counted, not measured.

            \(row("", "prompt", columns.map { "\($0.promptLength / 1024)k" }))
            \(row("FLOPs (10¹²)", "static sampling", cells("%.2f") { $0.flops / 1e12 }))
            \(row("", "AutoDeco heads", cells("%.2f") { $0.headsFlops / 1e12 }))
            \(row("", "more", extra({ $0.headsFlops }, over: { $0.flops })))
            \(row("memory (MB)", "static sampling", cells("%.0f") { $0.memory }))
            \(row("", "AutoDeco heads", cells("%.0f") { $0.headsMemory }))
            \(row("", "more", extra({ $0.headsMemory }, over: { $0.memory })))
            \(row("s per 1k tokens", "static sampling", cells("%.1f") { $0.latency }))
            \(row("", "AutoDeco heads", cells("%.1f") { $0.headsLatency }))
            \(row("", "more", extra({ $0.headsLatency }, over: { $0.latency })))
            """
    }
}
