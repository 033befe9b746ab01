import AutoDecoHeads
import HiddenStateCache
import LogitSketches
import Safetensors
import Tensor

/// The heads' own average: what they say on most tokens, as a constant pair. Heads that do not beat it have found a
/// better mean, and no control of single tokens.
public struct MeanKnobs: Sendable, Equatable {
    /// Means over tokens.
    public let temperature, topP: Double
    /// Where the model is undecided, which is where a temperature changes what is drawn; nil where nobody looked, or no
    /// token is. Certain tokens hardly pull at T̂ in training, and they are the most.
    public let uncertain: Uncertain?

    /// Tokens whose largest p of softmax(l) is below ``MeanKnobs/certainty``.
    public struct Uncertain: Sendable, Equatable, Codable {
        /// Their mean T̂.
        public let temperature: Double
        /// Their share of all tokens, in (0, 1].
        public let share: Double

        public init(temperature: Double, share: Double) { (self.temperature, self.share) = (temperature, share) }
    }

    /// From this largest p on a token counts as certain.
    public static let certainty = 0.95

    /// - Parameters:
    ///   - temperature: mean T̂.
    ///   - topP: mean P̂.
    ///   - uncertain: the same where the model is undecided.
    public init(temperature: Double, topP: Double, uncertain: Uncertain? = nil) {
        (self.temperature, self.topP, self.uncertain) = (temperature, topP, uncertain)
    }

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
        var temperatures = 0.0, topPs = 0.0, count = 0, undecided = (temperatures: 0.0, count: 0)
        try CachedTokens(cache, trajectories).forEachPrediction(of: heads) { batch, T, P in
            let largest = batch.sketches.eachRow { row, _ in row.largestProbability }
            for (t, p) in zip(T.elements, largest) {
                temperatures += Double(t)
                if p < Self.certainty {
                    undecided.temperatures += Double(t)
                    undecided.count += 1
                }
            }
            for p in P.elements { topPs += Double(p) }
            count += batch.count
            try progress(batch.count)
        }
        (temperature, topP) = (temperatures / Double(count), topPs / Double(count))
        uncertain =
            undecided.count == 0
            ? nil
            : Uncertain(
                temperature: undecided.temperatures / Double(undecided.count),
                share: Double(undecided.count) / Double(count))
    }
}
