/// What a model was given and what it said, as token ids.
public struct Trajectory: Sendable, Equatable {
    /// Everything before the first label, BOS included; at least one id.
    public var promptIDs: [Int]
    /// The labels, the end token included where the completion ended; at least one id.
    public var completionIDs: [Int]
    public var problemID: String?
    /// What a verifier said; nil where none was asked.
    public var isCorrect: Bool?
    /// Whether the completion was cut off before it ended.
    public var isTruncated: Bool
    /// Whether the completion's start and the prompt's end share a token, so that what the model said first is no
    /// label.
    public var isMerged: Bool
    /// Log-probability of each completion id under the policy that drew it, at most 0; nil where unknown.
    public var behaviourLogProbs: [Float]?
    /// The policy that drew it, as it calls itself; nil where unknown.
    public var policy: String?
    /// What it earned; nil where nobody says.
    public var reward: Float?

    public init(
        promptIDs: [Int], completionIDs: [Int], problemID: String? = nil, isCorrect: Bool? = nil,
        isTruncated: Bool = false, isMerged: Bool = false, behaviourLogProbs: [Float]? = nil, policy: String? = nil,
        reward: Float? = nil
    ) {
        (self.promptIDs, self.completionIDs, self.problemID) = (promptIDs, completionIDs, problemID)
        (self.isCorrect, self.isTruncated, self.isMerged) = (isCorrect, isTruncated, isMerged)
        (self.behaviourLogProbs, self.policy, self.reward) = (behaviourLogProbs, policy, reward)
    }

    /// Whether the cache takes it: everything but what a verifier has found wrong, and of that what has a reward, for
    /// the reward objective learns from failures, too.
    public var isUsed: Bool { isCorrect != false || reward != nil }
}
