import AutoDecoHeads
import HiddenStateCache
import Safetensors
import Tensor

/// The heads' own average: what they say on most tokens, as a constant pair. Heads that do not beat it have found a
/// better mean, and no control of single tokens.
public struct MeanKnobs: Sendable, Equatable {
    /// Means over tokens.
    public let temperature, topP: Double

    /// - Parameters:
    ///   - temperature: mean T̂.
    ///   - topP: mean P̂.
    public init(temperature: Double, topP: Double) { (self.temperature, self.topP) = (temperature, topP) }

    /// What heads say about the tokens of a cache.
    ///
    /// - Parameters:
    ///   - trajectories: at least one.
    ///   - progress: called with the number of tokens of each block; what it throws ends the reading.
    /// - Throws: `CacheError` where heads do not fit or a token is unsound.
    public init(
        of heads: AutoDecoHeads<Float>, on cache: HiddenStateCache, over trajectories: [TrajectoryIndex],
        progress: (Int) throws -> Void = { _ in }
    ) throws {
        require(!trajectories.isEmpty, "an average over no trajectories")
        var temperatures = 0.0, topPs = 0.0, count = 0
        try CachedTokens(cache, trajectories).forEachPrediction(of: heads) { batch, T, P in
            for t in T.elements { temperatures += Double(t) }
            for p in P.elements { topPs += Double(p) }
            count += batch.count
            try progress(batch.count)
        }
        (temperature, topP) = (temperatures / Double(count), topPs / Double(count))
    }
}
