import LogitSketches

/// Which heads there are. One that is left out is the constant T̂ = 1 or P̂ = 1.
public enum HeadSelection: String, Sendable, Codable, CaseIterable {
    case both, temperature, topP

    /// Whether there is a temperature head.
    public var hasTemperature: Bool { self != .topP }
    /// Whether there is a top-p head.
    public var hasTopP: Bool { self != .temperature }
}

/// What a pair of heads looks like.
public struct HeadsConfiguration: Sendable, Equatable {
    /// D, the size of the backbone's hidden state.
    public var hiddenSize: Int
    /// The heads that there are.
    public var heads: HeadSelection
    /// Whether the top-p head sees the four features of the distribution beside h and T̂.
    public var enhancedFeatures: Bool
    /// Width of each head's inner layer; 256 in every published checkpoint.
    public var innerSize: Int

    /// The inner width of every published checkpoint.
    public static let publishedInnerSize = 256
    /// No published model comes near; sizes of heads cannot overflow below it.
    public static let largestHiddenSize = 1 << 24

    /// A configuration for a backbone of hidden size D.
    public init(
        hiddenSize: Int, heads: HeadSelection = .both, enhancedFeatures: Bool = true,
        innerSize: Int = publishedInnerSize
    ) {
        self.hiddenSize = hiddenSize
        self.heads = heads
        self.enhancedFeatures = enhancedFeatures
        self.innerSize = innerSize
    }

    /// Number of columns that the top-p head reads: h, T̂ and the features.
    public var topPInputSize: Int { hiddenSize + 1 + (enhancedFeatures ? FeatureTerms.count : 0) }
}
