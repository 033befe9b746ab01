import AutoDecoHeads
import HiddenStateCache
import LogitSketches
import Reports
import Tensor

/// What heads do on held-out tokens.
public struct ValidationResult: Sendable, Equatable, Codable {
    /// The chosen objective with Dynamic Fine-Tuning, nothing dropped.
    public var loss: Double
    public var tokens: Int
    /// Of the predictions, over all tokens.
    public var temperature: Histogram
    public var topP: Histogram
}

/// Predictions for single held-out tokens, for plots.
public struct TokenPredictions: Sendable, Equatable {
    /// Line of the trajectory in its file.
    public var trajectories: [Int] = []
    /// Index of the label in prompt + completion, and the label.
    public var positions: [Int] = []
    public var labels: [Int] = []
    public var temperatures: [Double] = []
    public var topPs: [Double] = []
    /// Entropy of softmax(l), nats.
    public var entropies: [Double] = []
    /// softmax(l)_y.
    public var probabilities: [Double] = []
}

/// Held-out trajectories and the loss on them, block by block, so that memory does not grow with their number.
public struct Validation: Sendable {
    let cache: HiddenStateCache
    public let trajectories: [TrajectoryIndex]
    let settings: LossSettings
    let blockTokens: Int

    public var tokens: Int { trajectories.tokens }

    static let histogramBins = 64

    /// The loss of heads, and where their predictions lie.
    ///
    /// - Throws: `CacheError` for a token that is unsound.
    func evaluate(_ heads: AutoDecoHeads<Float>, batch: inout CachedBatch<Float>) throws -> ValidationResult {
        var sum = 0.0, temperatures: [Float] = [], topPs: [Float] = []
        temperatures.reserveCapacity(tokens)
        topPs.reserveCapacity(tokens)
        for block in trajectories.blocks(tokens: blockTokens) {
            try cache.load(block, into: &batch)
            let (T, P) = heads.predict(hidden: batch.hidden, logits: batch.sketches)
            sum += Self.sum(of: batch.sketches, T, P, settings, heads.configuration.heads)
            temperatures += T.elements
            topPs += P.elements
        }
        return ValidationResult(
            loss: tokens > 0 ? sum / Double(tokens) : 0, tokens: tokens,
            temperature: Histogram(of: temperatures, bins: Self.histogramBins, range: 0...2),
            topP: Histogram(of: topPs, bins: Self.histogramBins, range: 0...1))
    }

    /// Σ weight·loss over the tokens of a block at their T̂ and P̂.
    static func sum(
        of sketches: LogitSketches<Float>, _ T: Tensor<Float>, _ P: Tensor<Float>, _ settings: LossSettings, _ heads: HeadSelection
    ) -> Double {
        let losses = sketches.losses(temperature: T, topP: P, constants: settings.constants), weights = sketches.baseProbabilities
        func weighted(_ loss: Tensor<Float>) -> Double { (loss * weights).sum() }
        return switch (settings.objective, heads) {
        case (.joint, _): weighted(losses.joint)
        case (.released, .both): weighted(losses.temperature) + weighted(losses.topP)
        case (.released, .temperature): weighted(losses.temperature)
        case (.released, .topP): weighted(losses.topP)
        }
    }

    /// Predictions for the tokens of some trajectories, held-out or not.
    func predictions(_ heads: AutoDecoHeads<Float>, for trajectories: [TrajectoryIndex], batch: inout CachedBatch<Float>) throws -> TokenPredictions {
        var result = TokenPredictions()
        for block in trajectories.blocks(tokens: blockTokens) {
            try cache.load(block, into: &batch)
            let (T, P) = heads.predict(hidden: batch.hidden, logits: batch.sketches)
            let features = batch.sketches.features(temperature: Tensor(shape: [batch.count, 1], repeating: 1))
            result.trajectories += batch.trajectories
            result.positions += batch.positions
            result.labels += batch.labels
            result.temperatures += T.elements.map(Double.init)
            result.topPs += P.elements.map(Double.init)
            result.entropies += (0..<batch.count).map { Double(features[$0, 1]) }
            result.probabilities += batch.sketches.baseProbabilities.elements.map(Double.init)
        }
        return result
    }
}
