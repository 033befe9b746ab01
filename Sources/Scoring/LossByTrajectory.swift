import AutoDecoHeads
import HiddenStateCache
import Safetensors
import LogitSketches
import Tensor

/// Σ loss and tokens of each trajectory: what a mean over tokens and its interval come from. Tokens of one trajectory
/// are no independent draws, so intervals are over whole trajectories.
public struct LossByTrajectory: Sendable, Equatable {
    /// Σ weight·loss of each trajectory, in the order in which trajectories came.
    public private(set) var sums: [Double] = []
    /// Tokens of each trajectory.
    public private(set) var tokens: [Int] = []
    private var places: [Int: Int] = [:]

    /// No tokens yet.
    public init() {}

    /// Mean loss a token; 0 without tokens.
    public var mean: Double {
        let count = tokens.reduce(0, +)
        return count > 0 ? sums.reduce(0, +) / Double(count) : 0
    }

    mutating func add(_ losses: Tensor<Float>, of trajectories: [Int]) {
        for (row, number) in trajectories.enumerated() {
            let place = places[number] ?? sums.count
            if place == sums.count {
                places[number] = place
                sums.append(0)
                tokens.append(0)
            }
            sums[place] += Double(losses[row])
            tokens[place] += 1
        }
    }

    /// The difference of two means over the same tokens, ours − theirs, with its interval: that of the linearised ratio
    /// of two sums over trajectories, by the paired bootstrap.
    ///
    /// - Parameters:
    ///   - other: of the same trajectories in the same order.
    ///   - bootstrap: over trajectories.
    /// - Returns: nil where there are fewer than ``Bootstrap/fewest`` trajectories.
    public func difference(
        from other: LossByTrajectory, _ bootstrap: Bootstrap = Bootstrap(resamples: 2000)
    ) -> Estimate? {
        require(tokens == other.tokens, "losses over \(tokens.count) trajectories beside \(other.tokens.count)")
        guard sums.count >= Bootstrap.fewest else { return nil }
        let count = Double(tokens.reduce(0, +)), size = count / Double(sums.count)
        let differences = zip(sums, other.sums).map { $0 - $1 }, ratio = differences.reduce(0, +) / count
        let interval = bootstrap.mean(
            of: zip(differences, tokens).map { ratio + ($0 - ratio * Double($1)) / size })
        return Estimate(mean: ratio, lower: interval.lower, upper: interval.upper, count: sums.count, p: interval.p)
    }
}

extension CachedTokens {
    /// The loss of heads.
    ///
    /// - Parameters:
    ///   - heads: for hidden states as they are stored.
    ///   - loss: the yardstick.
    ///   - batch: the buffer that blocks are loaded into.
    ///   - body: called for each block with T̂ and P̂.
    /// - Throws: `CacheError` where heads do not fit or a token is unsound; what `body` throws.
    public func loss(
        of heads: AutoDecoHeads<Float>, by loss: ObjectiveLoss, into batch: inout CachedBatch<Float>,
        _ body: (_ temperature: Tensor<Float>, _ topP: Tensor<Float>) throws -> Void = { _, _ in }
    ) throws -> LossByTrajectory {
        var found = LossByTrajectory()
        try forEachPrediction(of: heads, into: &batch) { batch, temperature, topP in
            found.add(loss.tokens(batch.sketches, temperature: temperature, topP: topP), of: batch.trajectories)
            try body(temperature, topP)
        }
        return found
    }

    /// The loss of one (T, P) for all tokens.
    ///
    /// - Throws: `CacheError` where a token is unsound.
    public func loss(ofTemperature temperature: Double, topP: Double, by loss: ObjectiveLoss) throws -> LossByTrajectory
    {
        var sketches = cache.emptySketches(), found = LossByTrajectory()
        try forEachSketchBlock(into: &sketches) { sketches, pieces in
            let numbers = pieces.flatMap { Array(repeating: $0.number, count: $0.count) }
            found.add(loss.tokens(sketches, temperature: temperature, topP: topP), of: numbers)
        }
        return found
    }
}
