import AutoDecoHeads
import HiddenStateCache
import LogitSketches
import Reports
import Scoring
import Tensor

/// What heads do on held-out tokens.
public struct ValidationResult: Sendable, Equatable, Codable {
    /// The run's own objective with its own weights, nothing dropped: mean over all held-out tokens, nats.
    public var loss: Double
    /// The same over the half of the held-out trajectories that chooses the best step.
    public var choosingLoss: Double
    /// Held-out tokens.
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

/// Held-out trajectories and the run's own loss on them. One half chooses the best step and the best constant pair, the
/// other judges the two.
public struct Validation: Sendable {
    /// All trajectories that training does not use.
    let heldOut: CachedTokens
    /// Those that choose, and those that judge.
    let halves: HeldOutHalves
    /// The run's own objective and weights.
    let loss: ObjectiveLoss
    private let choosing: Set<Int>

    static let histogramBins = 64

    init(_ heldOut: CachedTokens, seed: UInt64, loss: ObjectiveLoss) {
        (self.heldOut, self.loss) = (heldOut, loss)
        halves = HeldOutHalves(heldOut, seed: seed)
        choosing = Set(halves.choosing.trajectories.map(\.number))
    }

    /// The loss of heads, and where their predictions lie.
    ///
    /// - Throws: `CacheError` for a token that is unsound.
    func evaluate(_ heads: AutoDecoHeads<Float>, batch: inout CachedBatch<Float>) throws -> ValidationResult {
        var sums = (all: 0.0, choosing: 0.0), temperatures: [Float] = [], topPs: [Float] = []
        temperatures.reserveCapacity(heldOut.count)
        topPs.reserveCapacity(heldOut.count)
        try heldOut.forEachPrediction(of: heads, into: &batch) { batch, T, P in
            let losses = loss.tokens(batch.sketches, temperature: T, topP: P)
            for (row, number) in batch.trajectories.enumerated() {
                sums.all += Double(losses[row])
                if choosing.contains(number) { sums.choosing += Double(losses[row]) }
            }
            temperatures += T.elements
            topPs += P.elements
        }
        return ValidationResult(
            loss: sums.all / Double(max(1, heldOut.count)),
            choosingLoss: sums.choosing / Double(max(1, halves.choosing.count)), tokens: heldOut.count,
            temperature: Histogram(of: temperatures, bins: Self.histogramBins, range: 0...2),
            topP: Histogram(of: topPs, bins: Self.histogramBins, range: 0...1))
    }

    /// Default sampling and the best constant pair, on the half that chooses.
    ///
    /// - Throws: `CacheError` for a token that is unsound, and what `check` throws.
    func yardsticks(check: () throws -> Void = {}) throws -> Yardsticks {
        try halves.choosing.yardsticks(by: loss, check: check)
    }

    /// The same pairs with their losses over all held-out tokens, where the heads' validation loss is measured, too.
    ///
    /// - Throws: `CacheError` for a token that is unsound.
    func overAll(_ yardsticks: Yardsticks) throws -> Yardsticks {
        func measured(_ pair: ConstantPair) throws -> ConstantPair {
            let found = try heldOut.loss(ofTemperature: pair.temperature, topP: pair.topP, by: loss)
            return ConstantPair(temperature: pair.temperature, topP: pair.topP, loss: found.mean)
        }
        return Yardsticks(
            defaultSampling: try measured(yardsticks.defaultSampling),
            bestConstant: try measured(yardsticks.bestConstant))
    }

    /// Heads beside a constant pair, on the half that judges; nil where that half is empty.
    ///
    /// - Throws: `CacheError` for a token that is unsound.
    func standing(
        of heads: AutoDecoHeads<Float>, beside pair: ConstantPair, batch: inout CachedBatch<Float>
    ) throws -> Standing? {
        guard !halves.judging.trajectories.isEmpty else { return nil }
        return try Standing(of: heads, beside: pair, on: halves.judging, by: loss, into: &batch)
    }

    /// Predictions for the tokens of some trajectories, held-out or not.
    ///
    /// - Throws: `CacheError` for a token that is unsound.
    func predictions(
        _ heads: AutoDecoHeads<Float>, for trajectories: [TrajectoryIndex], batch: inout CachedBatch<Float>
    ) throws -> TokenPredictions {
        var result = TokenPredictions()
        try heldOut.with(trajectories).forEachPrediction(of: heads, into: &batch) { batch, T, P in
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
