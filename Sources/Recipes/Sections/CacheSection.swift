import Configuration

/// The hidden-state cache: what is kept of each token.
public struct CacheSection: Section {
    /// Output folder.
    public var folder: String?
    /// K: how many of the largest logits are kept exactly.
    public var topLogits = 256
    /// B: how many bins the other logits are summarised in.
    public var tailBins = 128
    /// How hidden states are stored.
    public var hiddenType = HiddenTypeChoice.bfloat16
    /// Tokens a file: it ends with the trajectory that reaches them.
    public var shardTokens = 16_384
    /// Principal components that are kept in place of the hidden state; null keeps the hidden state itself.
    public var rank: Int?
    /// How many trajectories and tokens it is going to hold, to plan a run before it is there; once it is there, it is
    /// counted.
    public var expectedTrajectories: Int?
    public var expectedTokens: Int?

    public init() {}

    package static let name = "cache"
    package static let keys: [Key<Self>] = [
        Key("folder", \.folder, .path),
        Key("topLogits", \.topLogits, .within(5...65_536)),
        Key("tailBins", \.tailBins, .within(1...65_536)),
        Key("hiddenType", \.hiddenType),
        Key("shardTokens", \.shardTokens, .within(1...100_000_000)),
        Key("rank", \.rank, .within(1...1_000_000_000)),
        Key("expectedTrajectories", \.expectedTrajectories, .within(1...1_000_000_000)),
        Key("expectedTokens", \.expectedTokens, .within(1...1_000_000_000_000)),
    ]

    package var contradiction: (key: String, sentence: String)? {
        guard let tokens = expectedTokens, let trajectories = expectedTrajectories, tokens < trajectories else {
            return nil
        }
        return ("expectedTokens", "is \(tokens), expected at least the \(trajectories) of cache.expectedTrajectories")
    }
}

/// Types of numbers in a cache, named as in safetensors.
public enum HiddenTypeChoice: String, KeyChoice, KeyValue {
    case bfloat16 = "BF16"
    case float16 = "F16"
    case float32 = "F32"
}
