import AutoDecoHeads
import HiddenStateCache
import Tensor

/// What heads have to offer to engines that know one temperature and one top-p: the best constant pair, and the heads'
/// own mean, each with its loss beside the heads'.
///
/// One half of the trajectories chooses the best pair, the other judges all of them; a single group of trajectories
/// does both, and no standing is then given.
public struct HeadsConstants: Sendable, Equatable, Encodable {
    /// T = 1 and P = 1.
    public let defaultSampling: ConstantPair
    /// The pair of least loss on the half that chooses, with its loss on the half that judges.
    public let best: ConstantPair
    /// Mean T̂ and mean P̂ over all tokens, with their loss on the half that judges.
    public let mean: ConstantPair
    /// Mean loss a token of the heads, on the half that judges.
    public let heads: Double
    /// The heads beside the best pair, and beside their mean; nil where nothing is left to judge by.
    public let besideBest, besideMean: Standing?
    /// Number of tokens and trajectories that the losses are means over.
    public let tokens, trajectories: Int

    /// - Parameters:
    ///   - heads: for hidden states of the model.
    ///   - tokens: held-out ones, of at least one trajectory.
    ///   - seed: of training's split, from which the halves come.
    ///   - loss: the yardstick.
    ///   - check: called now and then; what it throws ends the search.
    /// - Throws: `CacheError` where heads do not fit or a token is unsound; what `check` throws.
    public init(
        of heads: AutoDecoHeads<Float>, on tokens: CachedTokens, seed: UInt64, by loss: ObjectiveLoss,
        check: () throws -> Void = {}
    ) throws {
        let halves = HeldOutHalves(tokens, seed: seed)
        let isJudged = !halves.judging.trajectories.isEmpty, judging = isJudged ? halves.judging : halves.choosing
        func measured(_ temperature: Double, _ topP: Double) throws -> ConstantPair {
            let found = try judging.loss(ofTemperature: temperature, topP: topP, by: loss)
            return ConstantPair(temperature: temperature, topP: topP, loss: found.mean)
        }
        let chosen = try halves.choosing.yardsticks(by: loss, check: check).bestConstant
        let means = try MeanKnobs(of: heads, on: tokens.cache, over: tokens.trajectories) { _ in try check() }
        best = try measured(chosen.temperature, chosen.topP)
        mean = try measured(means.temperature, means.topP)
        defaultSampling = try measured(1, 1)

        var batch = judging.cache.emptyBatch(as: Float.self)
        func standing(_ pair: ConstantPair) throws -> Standing {
            try Standing(of: heads, beside: pair, on: judging, by: loss, into: &batch)
        }
        let (first, second) = (try standing(chosen), try standing(mean))
        self.heads = first.heads
        (besideBest, besideMean) = isJudged ? (first, second) : (nil, nil)
        (self.tokens, trajectories) = (judging.count, judging.trajectories.count)
    }
}
