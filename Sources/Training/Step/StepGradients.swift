import AutoDecoHeads
import Autodiff
import HiddenStateCache
import Tensor

/// What one step found: its losses as single numbers, and how the heads stood.
public struct StepLosses: Sendable, Equatable {
    /// What was minimised, and its terms: joint, or released temperature and released top-p.
    public internal(set) var loss = 0.0
    public internal(set) var joint = 0.0
    public internal(set) var temperature = 0.0
    public internal(set) var topP = 0.0
    public internal(set) var counts = TokenCounts(tokens: 0, kept: 0)
    /// Tokens that went through the heads.
    public internal(set) var readTokens = 0
    /// Σ T̂ and Σ P̂ over them.
    var temperatureSum = 0.0
    var topPSum = 0.0

    public var meanTemperature: Double { readTokens > 0 ? temperatureSum / Double(readTokens) : 0 }
    public var meanTopP: Double { readTokens > 0 ? topPSum / Double(readTokens) : 0 }
}

/// A loss or gradient that is not finite, before anybody knows in which step.
public struct NotFinite: Error {
    var what: String
    /// Line of the trajectory that it comes from; nil where it is only the sum.
    var trajectory: Int?
}

/// Losses and gradients of steps, micro-batch by micro-batch: tokens are loaded, go through both heads and the fused
/// losses on a tape, and their share of the gradient is added up. Memory is that of one micro-batch.
///
/// A class because it owns buffers that all steps use.
public final class StepGradients {
    private let cache: HiddenStateCache
    private let configuration: HeadsConfiguration
    private let settings: LossSettings
    private let microBatchTokens: Int
    private var batch: CachedBatch<Float>
    /// Of each line its advantage, where the objective is reward.
    private let advantages: [Float]
    /// By each parameter, in the order of ``HeadsParameters/named``.
    public private(set) var gradients: [Tensor<Float>] = []
    /// Where the tape's tensors take their memory from, so that steps after the first ones ask the system for none.
    public let pool = TensorPool()

    /// - Parameters:
    ///   - configuration: of the heads, for hidden states as the cache stores them.
    ///   - microBatchTokens: how many tokens go through the heads together; only a step's last micro-batch is smaller.
    ///   - precision: of the heads' products with hidden states; `bf16` needs a cache that stores them so.
    public init(
        cache: HiddenStateCache, configuration: HeadsConfiguration, settings: LossSettings, microBatchTokens: Int,
        precision: TrainingPrecision = .float
    ) {
        (self.cache, self.configuration, self.settings, self.microBatchTokens) = (
            cache, configuration, settings, microBatchTokens
        )
        batch = cache.emptyBatch(leavesStored: precision == .bf16)
        advantages = settings.objective == .reward ? cache.rewards?.advantages ?? [] : []
    }

    /// Tokens a second of some tokens' forward and backward pass: the fastest of `rounds`, after one that brings pages
    /// and memory.
    func rate(of tokens: StepTokens, parameters: [Tensor<Float>], rounds: Int = 1) throws -> Double {
        var seconds = Double.infinity
        for round in 0...rounds {
            let clock = Clock()
            _ = try compute(tokens, parameters: parameters)
            if round > 0 { seconds = min(seconds, clock.seconds) }
        }
        return Double(max(1, tokens.runs.tokens)) / max(seconds, 1e-9)
    }

    /// Computes a step; ``gradients`` then holds its gradients.
    ///
    /// - Parameters:
    ///   - parameters: in the order of ``HeadsParameters/named``.
    ///   - tokens: of the step.
    /// - Throws: `CacheError` for a token that is unsound; ``NotFinite``.
    public func compute(_ tokens: StepTokens, parameters: [Tensor<Float>]) throws -> StepLosses {
        try TensorPool.$current.withValue(pool) {
            var losses = StepLosses(), start = 0
            losses.counts = tokens.counts
            gradients = []
            for block in tokens.runs.blocks(tokens: microBatchTokens) {
                try cache.load(block, into: &batch)
                let isKept = Array(tokens.isKept[start..<start + batch.count])
                start += batch.count
                try add(parameters, isKept, rewards(of: block), &losses)
            }
            // A step in which every token was dropped.
            if gradients.isEmpty { gradients = parameters.map { Tensor(shape: $0.shape, repeating: 0) } }
            return losses
        }
    }

    /// What the tokens of some runs earned; nil where the objective is another one.
    private func rewards(of runs: [TrajectoryIndex]) -> TokenRewards<Float>? {
        guard settings.objective == .reward else { return nil }
        return TokenRewards(
            advantages: runs.flatMap { Array(repeating: advantages[$0.number], count: $0.count) },
            behaviour: runs.flatMap { cache.behaviourLogProbs(of: $0) ?? [] })
    }

    private func add(
        _ parameters: [Tensor<Float>], _ isKept: [Bool], _ rewards: TokenRewards<Float>?, _ losses: inout StepLosses
    ) throws {
        let tape = Tape<Float>(), heads = AutoDecoHeads(configuration: configuration, ordered: parameters)
        let variables = heads.parameters.map { tape.parameter($0) }
        let hidden: any HiddenStates<Float> = if let stored = batch.stored { stored } else { batch.hidden }
        let (T, P) = heads.predict(
            hidden: hidden, logits: batch.sketches, parameters: variables,
            detachesTemperature: settings.detachesTemperature, tape: tape)
        let terms = ObjectiveTerms(
            logits: batch.sketches, temperature: T, topP: P, kept: isKept, rewards: rewards, counts: losses.counts,
            settings: settings, tape: tape)
        let total = terms.total(settings.objective, heads: configuration.heads), share = Double(total.value[0])
        guard share.isFinite else { throw NotFinite(what: "loss", trajectory: firstUnsound(T.value, P.value)) }
        losses.loss += share
        losses.joint += Double(terms.joint.value[0])
        losses.temperature += Double(terms.temperature.value[0])
        losses.topP += Double(terms.topP.value[0])
        losses.readTokens += batch.count
        losses.temperatureSum += T.value.sum()
        losses.topPSum += P.value.sum()

        let found = tape.gradients(of: total), shares = variables.named.map { found[$0.value] }
        if gradients.isEmpty {
            gradients = shares
        } else {
            for index in gradients.indices { gradients[index].add(shares[index]) }
        }
    }

    /// The trajectory of the first token whose losses are not finite.
    private func firstUnsound(_ T: Tensor<Float>, _ P: Tensor<Float>) -> Int? {
        let losses = batch.sketches.losses(temperature: T, topP: P, constants: settings.constants)
        let row = (0..<batch.count).first { row in
            !(T[row].isFinite && P[row].isFinite && losses.temperature[row].isFinite && losses.topP[row].isFinite
                && losses.joint[row].isFinite)
        }
        return row.map { batch.trajectories[$0] }
    }
}

extension AutoDecoHeads {
    /// Heads of parameters in the order of ``HeadsParameters/named``.
    init(configuration: HeadsConfiguration, ordered parameters: [Tensor<Element>]) {
        var rest = parameters[...]
        self.init(
            configuration: configuration,
            parameters: Self.shapes(for: configuration).map { shape in
                rest.popFirst() ?? Tensor(shape: shape, repeating: 0)
            })
        require(rest.isEmpty, "\(parameters.count) parameters for heads with fewer")
    }
}
