import HiddenStateCache

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
}
