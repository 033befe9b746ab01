import Foundation

/// What each line of a trajectory file earned, and which lines were drawn for the same problem by the same policy.
public struct LineRewards: Sendable, Equatable {
    /// Of each line its reward; nil where it has none.
    public let rewards: [Float?]
    /// Of each line the number of its group, counted from 0 as they first come; −1 where it belongs to none.
    public let groups: [Int32]

    /// More than this a reward is a mistake: its differences multiply gradients.
    public static let largest: Float = 1e6

    /// - Parameters:
    ///   - rewards: of each line its reward, nil where it has none.
    ///   - groups: of each line the number of its group, −1 where it belongs to none.
    /// - Returns: nil where no line has a reward.
    public init?(rewards: [Float?], groups: [Int32]) {
        (self.rewards, self.groups) = (rewards, groups)
        if rewards.allSatisfy({ $0 == nil }) { return nil }
    }

    /// - Parameter stored: NaN where a line has no reward.
    /// - Throws: ``CacheError`` for a reward that is out of its range.
    init(stored: [Float], groups: [Int32], path: String) throws {
        if let row = stored.firstIndex(where: { abs($0) > Self.largest }) {
            throw CacheError(
                path, "row \(row): the reward is \(stored[row]), expected −\(Self.largest) to \(Self.largest), or NaN")
        }
        (rewards, self.groups) = (stored.map { $0.isNaN ? nil : $0 }, groups)
    }

    var stored: [Float] { rewards.map { $0 ?? .nan } }

    /// A of each line: its reward − the mean of its group's; 0 for a line without reward or group, and for all lines of
    /// a group that earned the same.
    public var advantages: [Float] {
        var sums: [Int32: (sum: Double, count: Int, lowest: Float, highest: Float)] = [:]
        for (reward, group) in zip(rewards, groups) where group >= 0 {
            guard let reward else { continue }
            let before = sums[group] ?? (0, 0, reward, reward)
            sums[group] = (
                before.sum + Double(reward), before.count + 1, min(before.lowest, reward), max(before.highest, reward)
            )
        }
        return zip(rewards, groups).map { reward, group in
            guard let reward, let all = sums[group], all.lowest < all.highest else { return 0 }
            return Float(Double(reward) - all.sum / Double(all.count))
        }
    }
}

extension HiddenStateCache {
    /// What each line earned; nil where the cache knows no rewards.
    public var rewards: LineRewards? { table.rewards }

    /// Whether a trajectory has failed: it earned a reward, and none above 0. Nothing but the reward objective looks at
    /// such ones.
    static func hasFailed(_ trajectory: TrajectoryIndex, _ table: TrajectoryTable) -> Bool {
        guard let rewards = table.rewards?.rewards, rewards.indices.contains(trajectory.number) else { return false }
        return rewards[trajectory.number].map { $0 <= 0 } ?? false
    }
}
