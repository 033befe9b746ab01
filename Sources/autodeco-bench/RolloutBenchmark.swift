import Backbone
import Decoding
import Foundation
import Generation
import Safetensors
import Tensor
import Terminal

private let modelFlag = Flag.string(
    "model", "DIR", "a llama's folder in place of a random model of 0.8 million weights")

/// `autodeco-bench rollout`: how fast a small model completes many short prompts at once, and reads many short
/// sequences, beside the matrix products that both need.
let rolloutBenchmark = Command(
    "rollout", "Times a small model on 512 samples in lockstep.", flags: [modelFlag, jsonFlag]
) { arguments, console in
    Interruption.watch()
    console.noteKernels()
    let random =
        try arguments[modelFlag] == nil ? RandomCheckpoint(.tinyLlama, layers: ModelShape.tinyLlama.layers) : nil
    let folder = random?.folder ?? URL(fileURLWithPath: arguments[modelFlag] ?? "")
    let result = try withExtendedLifetime(random) { try RolloutRates.measure(folder, console) }
    try arguments[jsonFlag] ? console.print(json: result) : console.print(result.text)
}

private struct RolloutRates: Encodable {
    /// Tokens, and seconds of the fastest round and of the processor in it, of a job and of its products alone.
    struct Rate {
        var tokens = 0
        var seconds = Double.infinity, cpuSeconds = Double.infinity, productSeconds = Double.infinity

        var tokensPerSecond: Double { Double(tokens) / seconds }
        var tokensPerCPUSecond: Double { Double(tokens) / cpuSeconds }
        /// Seconds of a token's products by OpenBLAS, over those of a token.
        var ratio: Double { productSeconds / seconds }
    }

    var rollout = Rate(), forced = Rate()

    enum CodingKeys: String, CodingKey {
        case rollout = "rollout_tokens_per_s", rolloutCPU = "rollout_tokens_per_cpu_s", rolloutRatio =
            "rollout_products_ratio"
        case forced = "forced_tokens_per_s", forcedCPU = "forced_tokens_per_cpu_s", forcedRatio =
            "forced_products_ratio"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(rollout.tokensPerSecond, forKey: .rollout)
        try container.encode(rollout.tokensPerCPUSecond, forKey: .rolloutCPU)
        try container.encode(rollout.ratio, forKey: .rolloutRatio)
        try container.encode(forced.tokensPerSecond, forKey: .forced)
        try container.encode(forced.tokensPerCPUSecond, forKey: .forcedCPU)
        try container.encode(forced.ratio, forKey: .forcedRatio)
    }

    static let prompts = 64, samples = 8, promptTokens = 12, mostTokens = 100, rounds = 5

    /// The prompts are random; a model that ends its completions is counted up to each end.
    static func measure(_ folder: URL, _ console: Console) throws -> RolloutRates {
        let model = try Transformer(directory: folder), vocabulary = model.configuration.vocabularySize
        var random = RandomGenerator(seed: 5)
        let requests = (0..<prompts).map { _ in
            GenerationRequest(
                promptIDs: (0..<promptTokens).map { _ in Int(random.next() % UInt64(vocabulary)) }, samples: samples,
                maxTokens: mostTokens)
        }
        let engine = GenerationEngine(
            model: model, policy: try SamplingPolicy(temperature: 1), seed: 6, width: prompts * samples)
        let products = try ProductYardstick(folder: folder, rows: prompts * samples)

        var result = RolloutRates()
        let progress = console.progress("rollouts", of: rounds)
        defer { progress.finish() }
        for _ in 0..<rounds {
            try Interruption.check()
            var sequences: [[Int]] = [], tokens = 0
            try result.rollout.time {
                for (request, samples) in zip(requests, try engine.generate(requests)) {
                    for sample in samples {
                        tokens += sample.decisions.count
                        sequences.append(request.promptIDs + sample.tokens)
                    }
                }
            }
            result.rollout.tokens = tokens
            result.forced.tokens = sequences.reduce(0) { $0 + $1.count }
            // All but the last, which nothing follows.
            try result.forced.time { keep(try model.hidden(sequences)) }
            let secondsPerToken = seconds { products.run() } / Double(prompts * samples)
            result.rollout.productSeconds = min(result.rollout.productSeconds, secondsPerToken * Double(tokens))
            result.forced.productSeconds = min(
                result.forced.productSeconds, secondsPerToken * Double(result.forced.tokens))
            progress.advance()
        }
        return result
    }

    var text: String {
        func row(_ name: String, _ rate: Rate) -> String {
            name.padding(toLength: 34, withPad: " ", startingAt: 0)
                + [rate.tokensPerSecond, rate.tokensPerCPUSecond].map { String(format: "%.0f", $0).leftPadded(to: 12) }
                .joined()
                + String(format: "%.3f", rate.ratio).leftPadded(to: 12)
        }
        return """
            \(Self.prompts) prompts of \(Self.promptTokens) tokens × \(Self.samples) samples of up to \(Self.mostTokens), \
            \(Readable.count(Parallel.threads)) threads, OpenBLAS for \(openBLASCore)
            tokens                             a second   a CPU second   products alone over it
            \(row("completions in lockstep", rollout))
            \(row("teacher-forced, prompts included", forced))
            """
    }
}

extension RolloutRates.Rate {
    fileprivate mutating func time(_ body: () throws -> Void) rethrows {
        let start = processorSeconds()
        let wall = try timed(body)
        cpuSeconds = min(cpuSeconds, processorSeconds() - start)
        seconds = min(seconds, wall)
    }
}

/// Seconds that all threads of this process have computed.
private func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// A step's matrix products and nothing else: OpenBLAS on weights that are Float already, rows shared among threads.
private struct ProductYardstick {
    private let weights: [Tensor<Float>]
    private let inputs: [Tensor<Float>]
    private let rows: Int

    init(folder: URL, rows: Int) throws {
        let checkpoint = try Checkpoint(folder: folder.path)
        let isTied = !checkpoint.contains("lm_head.weight")
        self.rows = rows
        weights = try checkpoint.entries.filter {
            $0.shape.count == 2 && ($0.name != "model.embed_tokens.weight" || isTied)
        }.map { entry in
            let stored = try checkpoint.tensor(entry.name)
            return try Tensor(shape: stored.shape) { try stored.copy(0..<stored.count, into: $0) }
        }
        var random = RandomGenerator(seed: 3)
        inputs = weights.map { w in
            Tensor(shape: [rows, w.columns], (0..<rows * w.columns).map { _ in Float(random.normal()) })
        }
    }

    func run() {
        let size = (rows + Parallel.threads - 1) / Parallel.threads
        let weights = weights, inputs = inputs
        Parallel.forEachBlock(of: rows, blockSize: size) { block in
            for (w, x) in zip(weights, inputs) {
                var y = Tensor<Float>(shape: [block.count, w.rows]) { _ in }
                y.setProduct(x.matrix[rows: block], w.matrix.transposed)
            }
        }
    }
}

/// `seconds`, for types that have a property of that name.
private func timed(_ body: () throws -> Void) rethrows -> Double { try seconds(body) }
