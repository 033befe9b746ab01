import AutoDecoHeads
import HiddenStateCache
import Tensor

/// Held-out trajectories in two halves: one chooses (the best step, the best constant pair), the other judges what was
/// chosen. The best of many is not judged by the tokens that chose it.
///
/// Completions of one problem are on one side. A single group of trajectories chooses, and nothing judges.
public struct HeldOutHalves: Sendable {
    /// The tokens that choose.
    public let choosing: CachedTokens
    /// The tokens that judge.
    public let judging: CachedTokens

    private static let seedOfHalves: UInt64 = 0x6A75_6467_6500_0000

    /// - Parameters:
    ///   - heldOut: the trajectories that training does not use.
    ///   - seed: of training's split.
    public init(_ heldOut: CachedTokens, seed: UInt64) {
        let split = TrajectorySplit(validationFraction: 0.5, seed: seed ^ Self.seedOfHalves)
        let judges = heldOut.cache.heldOut(heldOut.trajectories, by: split)
        choosing = heldOut.with(heldOut.trajectories.filter { !judges.contains($0.number) })
        judging = heldOut.with(heldOut.trajectories.filter { judges.contains($0.number) })
    }

    /// Heads beside the best constant pair: one half chooses the pair, the other judges.
    ///
    /// - Parameters:
    ///   - heads: for hidden states as they are stored.
    ///   - loss: the yardstick.
    ///   - check: called now and then; what it throws ends the search.
    /// - Returns: nil where no trajectory is left to judge by.
    /// - Throws: `CacheError` where heads do not fit or a token is unsound; what `check` throws.
    public func standing(
        of heads: AutoDecoHeads<Float>, by loss: ObjectiveLoss, check: () throws -> Void = {}
    ) throws -> Standing? {
        guard !judging.trajectories.isEmpty else { return nil }
        let pair = try choosing.yardsticks(by: loss, check: check).bestConstant
        var batch = judging.cache.emptyBatch(as: Float.self)
        return try Standing(of: heads, beside: pair, on: judging, by: loss, into: &batch)
    }
}
