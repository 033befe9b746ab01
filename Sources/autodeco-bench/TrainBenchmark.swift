import AutoDecoHeads
import Foundation
import HiddenStateCache
import Tensor
import Terminal
import Training

private let tokensFlag = Flag.integer("micro-batch", "N", "tokens that go through the heads together").default(8192)

/// `autodeco-bench train`: steps over a cache in memory against their own four matrix products, at D = 3584 and V =
/// 151,936.
let trainBenchmark = Command(
    "train", "Times training steps against their own matrix products.", flags: [jsonFlag, tokensFlag]
) { arguments, console in
    Interruption.watch()
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
    /// Seconds of a step; of its four products one by one, and with the heads' weights stacked, which is two products
    /// of the same size.
    var step: Double
    var products: Double
    var stackedProducts: Double
    /// Parts of a step by themselves: filling batches from the cache, features and losses, the optimiser.
    var loading: Double
    var losses: Double
    var optimiser: Double
    /// How often a step after the first ones asked the system for tensor memory.
    var allocationsPerStep: Double

    /// The faster way to do the products alone.
    var limit: Double { min(products, stackedProducts) }
    var ratio: Double { limit / step }

    static let D = 3584, V = 151_936, bar = 0.8, rounds = 6
    /// The paper's step.
    static let trajectories = 32, length = 512
    static var tokens: Int { trajectories * length }

    enum CodingKeys: String, CodingKey {
        case step = "step_tokens_per_s", limit = "limit_tokens_per_s", ratio
        case products = "products_tokens_per_s", stackedProducts = "stacked_products_tokens_per_s"
        case loading = "loading_share", losses = "losses_share", optimiser = "optimiser_share", allocationsPerStep =
            "allocations_per_step"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        func rate(_ seconds: Double) -> Double { Double(Self.tokens) / seconds }
        try container.encode(rate(step), forKey: .step)
        try container.encode(rate(limit), forKey: .limit)
        try container.encode(ratio, forKey: .ratio)
        try container.encode(rate(products), forKey: .products)
        try container.encode(rate(stackedProducts), forKey: .stackedProducts)
        try container.encode(loading / step, forKey: .loading)
        try container.encode(losses / step, forKey: .losses)
        try container.encode(optimiser / step, forKey: .optimiser)
        try container.encode(allocationsPerStep, forKey: .allocationsPerStep)
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
        let gradients = StepGradients(
            cache: cache, configuration: configuration, settings: settings, microBatchTokens: microBatch)
        let step = StepTokens(all: order), blocks = order.blocks(tokens: microBatch)
        var batch = cache.emptyBatch(as: Float.self), products = Products(rows: min(microBatch, tokens), D: D)

        func optimise() {
            optimizer.update(
                &parameters, gradients: gradients.gradients,
                gradientScale: GradientNorm(of: gradients.gradients).scale(toAtMost: 1), learningRate: 5e-6)
        }
        // The first step brings pages and memory.
        _ = try gradients.compute(step, parameters: parameters)
        optimise()
        let before = gradients.pool.allocations
        let progress = console.progress("rounds", of: rounds)
        var failure: (any Error)?
        let times = Stopwatch.fastest(
            rounds: rounds,
            jobs: [
                { for block in blocks { products.separate(rows: block.tokens) } },
                { for block in blocks { products.stacked(rows: block.tokens) } },
                {
                    do { _ = try gradients.compute(step, parameters: parameters) } catch { failure = error }
                    optimise()
                    progress.advance()
                },
                { do { for block in blocks { try cache.load(block, into: &batch) } } catch { failure = error } },
                {
                    // The last block stands for all.
                    let one = Tensor<Float>(shape: [batch.count, 1], repeating: 0.8)
                    for _ in blocks {
                        _ = batch.sketches.features(temperature: one)
                        _ = batch.sketches.losses(temperature: one, topP: one, constants: settings.constants)
                    }
                },
                { optimise() },
            ])
        progress.finish()
        if let failure { throw failure }
        try Interruption.check()
        return TrainTimes(
            step: times[2], products: times[0], stackedProducts: times[1], loading: times[3], losses: times[4],
            optimiser: times[5],
            allocationsPerStep: Double(gradients.pool.allocations - before) / Double(rounds))
    }

    var text: String {
        func row(_ name: String, _ seconds: Double) -> String {
            name.padding(toLength: 44, withPad: " ", startingAt: 0)
                + String(format: "%10.0f   %6.1f %%", Double(Self.tokens) / seconds, 100 * seconds / step)
        }
        return """
            D = \(Self.D), V = \(Readable.count(Self.V)), \(Readable.count(Self.tokens)) tokens a step       tokens/s   of a step
            \(row("a training step", step))
            \(row("its four products, one by one", products))
            \(row("its four products, heads stacked", stackedProducts))
            \(row("filling batches from the cache", loading))
            \(row("features and losses", losses))
            \(row("norm and AdamW", optimiser))
            ratio of limit and step \(String(format: "%.3f", ratio)), bar ≥ \(Self.bar); memory asked for \(allocationsPerStep) times a step
            """
    }
}

/// The matrix products of a micro-batch: both heads' first layers, and the gradients of their weights.
private struct Products {
    private let hidden, weight, stackedWeight: Tensor<Float>
    private var inner, stackedInner, gradient, stackedGradient: Tensor<Float>
    private let width = HeadsConfiguration.publishedInnerSize

    init(rows: Int, D: Int) {
        var random = RandomGenerator(seed: 2)
        func filled(_ rows: Int, _ columns: Int) -> Tensor<Float> {
            let block = (0..<100_003).map { _ in Float(random.uniform(in: -1..<1)) }
            return Tensor(shape: [rows, columns]) { x in for i in x.indices { x[i] = block[i % block.count] } }
        }
        hidden = filled(rows, D)
        (weight, stackedWeight) = (filled(width, D), filled(2 * width, D))
        (inner, stackedInner) = (filled(rows, width), filled(rows, 2 * width))
        (gradient, stackedGradient) = (filled(width, D), filled(2 * width, D))
    }

    mutating func separate(rows: Int) {
        let hidden = hidden.matrix[rows: 0..<rows]
        inner.resize(to: [rows, width])
        for _ in 0..<2 {
            inner.setProduct(hidden, weight.matrix.transposed, smallestBlock: 448)
            gradient.setProduct(inner.matrix.transposed, hidden, smallestBlock: 448)
        }
    }

    mutating func stacked(rows: Int) {
        let hidden = hidden.matrix[rows: 0..<rows]
        stackedInner.resize(to: [rows, 2 * width])
        stackedInner.setProduct(hidden, stackedWeight.matrix.transposed, smallestBlock: 448)
        stackedGradient.setProduct(stackedInner.matrix.transposed, hidden, smallestBlock: 448)
    }
}
