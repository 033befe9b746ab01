import Tensor

/// How trajectories are cut into shards: a pure function of their lengths, so that whoever resumes cuts in the same
/// places.
///
/// A shard ends at the first trajectory boundary at or after `shardTokens` tokens.
public struct ShardPlan: Sendable, Equatable {
    public struct Shard: Sendable, Equatable {
        /// Number of the shard, from 0.
        public let number: Int
        /// Which trajectories, by line of their file; those without tokens are in the range, but not in the shard.
        public let trajectories: Range<Int>
        public let tokens: Int

        /// Name in the cache's folder.
        var file: String { ShardFile.name(number) }
    }

    /// Number of tokens of each trajectory, by line of the file.
    public let lengths: [Int]
    public let shardTokens: Int
    public let shards: [Shard]
    public var tokens: Int { shards.reduce(0) { $0 + $1.tokens } }

    /// 16,384 tokens: about 160 MB at D = 3584.
    public static let standardShardTokens = 1 << 14

    /// - Parameters:
    ///   - lengths: number of labels of each trajectory, by line of the file from 0; 0 for a line that is left out.
    ///   - shardTokens: at least 1.
    public init(lengths: [Int], shardTokens: Int = standardShardTokens) {
        require(shardTokens >= 1, "shards of \(shardTokens) tokens, expected at least 1")
        self.lengths = lengths
        self.shardTokens = shardTokens
        var shards: [Shard] = [], first = 0, tokens = 0
        for (line, length) in lengths.enumerated() {
            require(length >= 0, "trajectory \(line) has \(length) tokens")
            tokens += length
            if tokens >= shardTokens || (line + 1 == lengths.count && tokens > 0) {
                shards.append(Shard(number: shards.count, trajectories: first..<line + 1, tokens: tokens))
                (first, tokens) = (line + 1, 0)
            }
        }
        self.shards = shards
    }
}
