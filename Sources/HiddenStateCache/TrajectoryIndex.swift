import Tensor

/// Where the tokens of one trajectory lie: a run of rows in one shard.
public struct TrajectoryIndex: Sendable, Equatable {
    /// Line of the trajectory in its file, from 0.
    public let number: Int
    let shard: Int
    let firstRow: Int
    /// Number of tokens.
    public let count: Int

    /// Its first tokens, at most so many; all where nil.
    public func truncated(to maxTokens: Int?) -> TrajectoryIndex {
        guard let maxTokens, maxTokens < count else { return self }
        return self[0..<max(0, maxTokens)]
    }

    /// Some of its tokens, counted from its first.
    public subscript(tokens: Range<Int>) -> TrajectoryIndex {
        require(tokens.lowerBound >= 0 && tokens.upperBound <= count, "tokens \(tokens) of a trajectory of \(count)")
        return TrajectoryIndex(
            number: number, shard: shard, firstRow: firstRow + tokens.lowerBound, count: tokens.count)
    }
}

extension [TrajectoryIndex] {
    /// Tokens of all of them.
    public var tokens: Int { reduce(0) { $0 + $1.count } }

    /// Their order in one epoch: a permutation that depends on the seed, the epoch and their number alone.
    public func shuffled(epoch: Int, seed: UInt64) -> [TrajectoryIndex] {
        var random = RandomGenerator(seed: seed, stream: TrajectorySplit.orderStream + UInt64(epoch))
        return random.permutation(count).map { self[$0] }
    }

    /// Batches of `count` trajectories, the last one of those that remain.
    public func batches(of count: Int) -> [[TrajectoryIndex]] {
        require(count >= 1, "batches of \(count) trajectories, expected at least 1")
        return stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min(self.count, $0 + count)]) }
    }

    /// The same tokens in the same order, in blocks of `tokens` tokens but for the last; long trajectories are cut, so
    /// that a block's memory is bounded.
    public func blocks(tokens: Int) -> [[TrajectoryIndex]] {
        require(tokens >= 1, "blocks of \(tokens) tokens, expected at least 1")
        var blocks: [[TrajectoryIndex]] = [], block: [TrajectoryIndex] = [], room = tokens
        for trajectory in self {
            var start = 0
            while start < trajectory.count {
                let end = Swift.min(trajectory.count, start + room)
                block.append(trajectory[start..<end])
                room -= end - start
                start = end
                if room == 0 {
                    blocks.append(block)
                    (block, room) = ([], tokens)
                }
            }
        }
        if !block.isEmpty { blocks.append(block) }
        return blocks
    }
}
