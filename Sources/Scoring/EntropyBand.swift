import AutoDecoHeads
import HiddenStateCache
import LogitSketches
import Tensor

/// Mean T̂ of tokens between two entropies of the model's own distribution: heads that only found a better mean are the
/// same in all of them.
public struct EntropyBand: Sendable, Equatable, Codable {
    /// Mean entropy of softmax(l) in the band, nats.
    public let entropy: Double
    /// Mean T̂.
    public let temperature: Double
    /// Tokens in the band, at least 1.
    public let tokens: Int

    /// - Parameters:
    ///   - entropy: mean of the band, nats.
    ///   - temperature: mean T̂ of the band.
    ///   - tokens: in the band.
    public init(entropy: Double, temperature: Double, tokens: Int) {
        (self.entropy, self.temperature, self.tokens) = (entropy, temperature, tokens)
    }

    /// Where one band ends and the next begins, nats; narrow where most tokens lie.
    static let bounds = [0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3]

    /// The bands of a cache's tokens, from the lowest entropy up; those without a token are left out.
    ///
    /// - Parameter trajectories: at least one.
    /// - Throws: `CacheError` where heads do not fit or a token is unsound.
    public static func bands(
        of heads: AutoDecoHeads<Float>, on cache: HiddenStateCache, over trajectories: [TrajectoryIndex]
    ) throws -> [EntropyBand] {
        var sums = Array(repeating: (entropy: 0.0, temperature: 0.0, tokens: 0), count: bounds.count + 1)
        try CachedTokens(cache, trajectories).forEachPrediction(of: heads) { batch, T, _ in
            let features = batch.sketches.features(temperature: Tensor(shape: [batch.count, 1], repeating: 1))
            for row in 0..<batch.count {
                let entropy = Double(features[row, 1]), band = bounds.count { entropy > $0 }
                sums[band].entropy += entropy
                sums[band].temperature += Double(T[row])
                sums[band].tokens += 1
            }
        }
        return sums.filter { $0.tokens > 0 }.map { sum in
            let count = Double(sum.tokens)
            return EntropyBand(entropy: sum.entropy / count, temperature: sum.temperature / count, tokens: sum.tokens)
        }
    }
}
