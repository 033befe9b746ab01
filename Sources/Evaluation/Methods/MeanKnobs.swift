import AutoDecoHeads
import HiddenStateCache
import Tensor

/// The heads' own average: what they say on most tokens, as a constant pair. Heads that do not beat it have found a better mean, and no control of
/// single tokens.
public struct MeanKnobs: Sendable, Equatable {
    /// Means over tokens.
    public let temperature, topP: Double

    /// What heads said while they decoded.
    public init(of outcomes: Outcomes) { (temperature, topP) = (outcomes.meanTemperature, outcomes.meanTopP) }

    /// What heads say about the tokens of a cache.
    ///
    /// - Parameters:
    ///   - trajectories: at least one.
    ///   - progress: called with the number of tokens of each block; what it throws ends the reading.
    /// - Throws: `CacheError` where heads do not fit or a token is unsound.
    public init(
        of heads: AutoDecoHeads<Float>, on cache: HiddenStateCache, over trajectories: [TrajectoryIndex], progress: (Int) throws -> Void = { _ in }
    ) throws {
        try cache.requireFit(heads.configuration)
        require(!trajectories.isEmpty, "an average over no trajectories")
        var batch = cache.emptyBatch(as: Float.self), temperatures = 0.0, topPs = 0.0, count = 0
        for block in trajectories.blocks(tokens: HiddenStateCache.blockTokens) {
            try cache.load(block, into: &batch)
            let (T, P) = heads.predict(hidden: batch.hidden, logits: batch.sketches)
            for t in T.elements { temperatures += Double(t) }
            for p in P.elements { topPs += Double(p) }
            count += batch.count
            try progress(batch.count)
        }
        (temperature, topP) = (temperatures / Double(count), topPs / Double(count))
    }

    /// Rounded to four decimals, which no method tells apart.
    public var pair: StaticPair {
        func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
        return StaticPair(temperature: rounded(temperature), topP: rounded(topP))
    }
}
