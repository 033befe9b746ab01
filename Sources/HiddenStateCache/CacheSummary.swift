import Foundation
import LogitSketches
import Tensor

/// Figures of the tokens in a cache.
public struct CacheSummary: Sendable, Encodable, Equatable {
    /// Tokens of a trajectory.
    public struct Lengths: Sendable, Encodable, Equatable {
        public var smallest: Int
        public var median: Int
        public var largest: Int
    }

    public var trajectories: Int
    /// Those of them that earned a reward of 0 or less, which the reward objective alone looks at.
    public var failed: Int
    public var tokens: Int
    public var tokensPerTrajectory: Lengths
    /// Share of tokens whose label is the arg max.
    public var easyTokenShare: Double
    /// Mean entropy of softmax(l), −Σ p·log(p + 1e-8), in nats.
    public var meanEntropy: Double
    /// Share of tokens whose label is not among the K largest logits.
    public var labelInTailShare: Double
    /// Mean of log softmax(l)_y.
    public var meanLabelLogProbability: Double

    enum CodingKeys: String, CodingKey {
        case trajectories, failed, tokens
        case tokensPerTrajectory = "tokens_per_trajectory"
        case easyTokenShare = "easy_token_share"
        case meanEntropy = "mean_entropy"
        case labelInTailShare = "label_in_tail_share"
        case meanLabelLogProbability = "mean_label_log_probability"
    }

    /// Reads all tokens of a cache, block by block.
    ///
    /// - Parameter progress: called with the number of tokens of each block; what it throws ends the reading.
    /// - Throws: ``CacheError`` where a token is unsound.
    public init(_ cache: HiddenStateCache, progress: (Int) throws -> Void = { _ in }) throws {
        let lengths = cache.drawn.map(\.count).sorted()
        (trajectories, failed) = (lengths.count, lengths.count - cache.trajectories.count)
        tokens = cache.tokens
        tokensPerTrajectory = Lengths(
            smallest: lengths.first ?? 0, median: lengths.isEmpty ? 0 : lengths[(lengths.count - 1) / 2],
            largest: lengths.last ?? 0)
        var easy = 0, inTail = 0, entropy = 0.0, logProbability = 0.0
        let kept = min(cache.description.sketch.exact, cache.description.vocabularySize)
        var batch = cache.emptyBatch(as: Float.self)
        for block in cache.drawn.blocks(tokens: HiddenStateCache.blockTokens) {
            try cache.load(block, into: &batch)
            let ones = Tensor<Float>(shape: [batch.count, 1], repeating: 1)
            let (losses, features) = batch.sketches.lossesAndFeatures(
                temperature: ones, topP: ones, constants: LossConstants())
            for (token, rank) in batch.labelRanks.enumerated() {
                easy += rank == 0 ? 1 : 0
                inTail += rank >= kept ? 1 : 0
                entropy += Double(features[token, 1])
                logProbability -= Double(losses.temperature[token])
            }
            try progress(batch.count)
        }
        let count = Double(max(tokens, 1))
        (easyTokenShare, labelInTailShare) = (Double(easy) / count, Double(inTail) / count)
        (meanEntropy, meanLabelLogProbability) = (entropy / count, logProbability / count)
    }
}

extension HiddenStateCache {
    /// Tokens of a block where a whole cache is streamed through: 60 MB of hidden states at D = 3584.
    public static let blockTokens = 4096
}
