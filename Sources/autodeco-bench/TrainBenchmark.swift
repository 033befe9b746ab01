import AutoDecoHeads
import Foundation
import HiddenStateCache
import Tensor
import Terminal
import Training

private let tokensFlag = Flag.integer(
    "micro-batch", "N", in: 1...1_048_576, "tokens that go through the heads together"
).default(8192)

/// `autodeco-bench train`: steps over a cache in memory against their own four matrix products, at D = 3584 and V =
/// 151,936, in Float and in BF16.
let trainBenchmark = Command(
    "train", "Times training steps against their own matrix products.", flags: [jsonFlag, tokensFlag]
) { arguments, console in
    Interruption.watch()
    console.noteKernels()
    guard arguments[tokensFlag] >= 1 else {
        throw BenchmarkError("--micro-batch is \(arguments[tokensFlag]), expected at least 1")
    }
    let result = try TrainTimes.measure(microBatch: arguments[tokensFlag], console)
    try arguments[jsonFlag] ? console.print(json: result) : console.print(result.text)
}

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

private struct TrainTimes: Encodable {
    /// Seconds of a step in one precision and of its parts.
    struct Times {
        /// A step; its four products one by one, and with the heads' weights stacked, which is two products of the same
        /// size.
        var step, products, stackedProducts: Double
        /// Filling batches from the cache.
        var loading: Double

        /// The faster way to do the products alone.
        var limit: Double { min(products, stackedProducts) }
        var ratio: Double { limit / step }
    }

    var float, bf16: Times
    /// Parts of a step by themselves that are the same in both: features and losses, the optimiser.
    var losses: Double
    var optimiser: Double
    /// How often a step after the first ones asked the system for tensor memory.
    var allocationsPerStep: Double

    /// BF16 step over Float step.
    var speedup: Double { float.step / bf16.step }

    static let D = 3584, V = 151_936, bar = 0.85, speedupBar = 1.7, rounds = 8
    /// The paper's step.
    static let trajectories = 32, length = 512
    static var tokens: Int { trajectories * length }

    enum CodingKeys: String, CodingKey {
        case step = "step_tokens_per_s", limit = "limit_tokens_per_s", ratio
        case products = "products_tokens_per_s", stackedProducts = "stacked_products_tokens_per_s"
        case loading = "loading_share", losses = "losses_share", optimiser = "optimiser_share"
        case allocationsPerStep = "allocations_per_step"
        case bf16Step = "bf16_step_tokens_per_s", bf16Limit = "bf16_limit_tokens_per_s", bf16Ratio = "bf16_ratio"
        case bf16Speedup = "bf16_speedup", bf16Loading = "bf16_loading_share", bf16Kernels = "bf16_kernels"
        case floatKernels = "float_kernels"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        func rate(_ seconds: Double) -> Double { Double(Self.tokens) / seconds }
        try container.encode(rate(float.step), forKey: .step)
        try container.encode(rate(float.limit), forKey: .limit)
        try container.encode(float.ratio, forKey: .ratio)
        try container.encode(rate(float.products), forKey: .products)
        try container.encode(rate(float.stackedProducts), forKey: .stackedProducts)
        try container.encode(float.loading / float.step, forKey: .loading)
        try container.encode(losses / float.step, forKey: .losses)
        try container.encode(optimiser / float.step, forKey: .optimiser)
        try container.encode(allocationsPerStep, forKey: .allocationsPerStep)
        try container.encode(rate(bf16.step), forKey: .bf16Step)
        try container.encode(rate(bf16.limit), forKey: .bf16Limit)
        try container.encode(bf16.ratio, forKey: .bf16Ratio)
        try container.encode(speedup, forKey: .bf16Speedup)
        try container.encode(bf16.loading / bf16.step, forKey: .bf16Loading)
        try container.encode(BF16Kernels.name, forKey: .bf16Kernels)
        try container.encode(BLASKernels.name, forKey: .floatKernels)
    }

    static func measure(microBatch: Int, _ console: Console) throws -> TrainTimes {
        let writing = console.progress("cache", of: tokens)
        let synthetic = try SyntheticCache(
            CacheDescription(modelName: "random", modelPath: "", hiddenSize: D, vocabularySize: V),
            trajectories: trajectories, length: length,
            shardTokens: tokens / 4
        ) { count in
            try Interruption.check()
            writing.advance(by: count)
        }
        writing.finish()
        let cache = synthetic.cache, order = cache.trajectories.shuffled(epoch: 0, seed: 1)
        let configuration = HeadsConfiguration(hiddenSize: D)
        let settings = LossSettings()
        var random = RandomGenerator(seed: 3)
        var parameters = AutoDecoHeads<Float>(configuration: configuration, random: &random).parameters.named.map(
            \.value)
        var optimizer = AdamW<Float>(shapes: parameters.map(\.shape), settings: AdamWSettings())
        let gradients = [TrainingPrecision.float, .bf16].map { precision in
            StepGradients(
                cache: cache, configuration: configuration, settings: settings, microBatchTokens: microBatch,
                precision: precision)
        }
        let step = StepTokens(all: order), blocks = order.blocks(tokens: microBatch)
        var batch = cache.emptyBatch(as: Float.self), stored = cache.emptyBatch(as: Float.self, leavesStored: true)
        let hidden = randomTensor(min(microBatch, tokens), D, seed: 2), rounded = BF16Matrix(rounding: hidden)
        let products = TrainProducts(D: D) { rows in
            rows.count == hidden.rows ? hidden : Tensor(shape: [rows.count, D], hidden.elements.prefix(rows.count * D))
        }
        let bf16Products = TrainProducts(D: D) { rounded[rows: $0] }
        let pool = TensorPool()

        var failure: (any Error)?
        func optimise(_ gradients: StepGradients) {
            optimizer.update(
                &parameters, gradients: gradients.gradients,
                gradientScale: GradientNorm(of: gradients.gradients).scale(toAtMost: 1), learningRate: 5e-6)
        }
        func takeStep(_ gradients: StepGradients) {
            do { _ = try gradients.compute(step, parameters: parameters) } catch { failure = error }
            optimise(gradients)
        }
        func fill(_ batch: inout CachedBatch<Float>) {
            do { for block in blocks { try cache.load(block, into: &batch) } } catch { failure = error }
        }
        func each(_ product: (Int) -> Void) {
            TensorPool.$current.withValue(pool) { for block in blocks { product(block.tokens) } }
        }
        // The first steps bring pages and memory.
        for gradients in gradients { takeStep(gradients) }
        func allocations() -> Int { gradients.reduce(0) { $0 + $1.pool.allocations } }
        let before = allocations()
        let progress = console.progress("rounds", of: rounds)
        let times = Stopwatch.fastest(
            rounds: rounds,
            jobs: [
                { each(products.separate) }, { each(products.stacked) },
                { takeStep(gradients[0]) },
                { each(bf16Products.separate) }, { each(bf16Products.stacked) },
                {
                    takeStep(gradients[1])
                    progress.advance()
                },
                { fill(&batch) }, { fill(&stored) },
                {
                    // The last block stands for all.
                    let one = Tensor<Float>(shape: [batch.count, 1], repeating: 0.8)
                    for _ in blocks {
                        _ = batch.sketches.features(temperature: one)
                        _ = batch.sketches.losses(temperature: one, topP: one, constants: settings.constants)
                    }
                },
                { optimise(gradients[0]) },
            ])
        progress.finish()
        if let failure { throw failure }
        try Interruption.check()
        return TrainTimes(
            float: Times(step: times[2], products: times[0], stackedProducts: times[1], loading: times[6]),
            bf16: Times(step: times[5], products: times[3], stackedProducts: times[4], loading: times[7]),
            losses: times[8], optimiser: times[9],
            allocationsPerStep: Double(allocations() - before) / Double(2 * rounds))
    }

    var text: String {
        func row(_ name: String, _ seconds: Double, of times: Times) -> String {
            name.padding(toLength: 44, withPad: " ", startingAt: 0)
                + String(format: "%10.0f   %6.1f %%", Double(Self.tokens) / seconds, 100 * seconds / times.step)
        }
        func rows(_ precision: String, _ times: Times) -> String {
            """
            \(row("a training step in \(precision)", times.step, of: times))
            \(row("its four products, one by one", times.products, of: times))
            \(row("its four products, heads stacked", times.stackedProducts, of: times))
            \(row("filling batches from the cache", times.loading, of: times))
            \(row("features and losses", losses, of: times))
            \(row("norm and AdamW", optimiser, of: times))
            ratio of limit and step \(String(format: "%.3f", times.ratio)), bar ≥ \(Self.bar)
            """
        }
        return """
            D = \(Self.D), V = \(Readable.count(Self.V)), \(Readable.count(Self.tokens)) tokens a step       tokens/s   of a step
            \(rows("Float", float))
            \(rows("BF16", bf16))
            BF16 step over Float step \(String(format: "%.2f", speedup)), bar ≥ \(Self.speedupBar); \
            memory asked for \(allocationsPerStep) times a step
            \(BLASKernels.summary)
            """
    }
}
