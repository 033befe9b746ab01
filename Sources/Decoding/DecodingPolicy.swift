import Tensor

/// What a policy decided for one token, and what it saw.
public struct Decision: Sendable, Equatable {
    /// Token id.
    public var token: Int
    /// T and P that were used; 0 for greedy.
    public var temperature: Double
    public var topP: Double
    /// Number of tokens that could have been drawn.
    public var nucleusSize: Int
    /// Entropy of softmax(l/T) in nats, over the whole vocabulary.
    public var entropy: Double
    /// Probability of the token under softmax(l/T), before any filter.
    public var probability: Double

    public init(token: Int, temperature: Double, topP: Double, nucleusSize: Int, entropy: Double, probability: Double) {
        (self.token, self.temperature, self.topP) = (token, temperature, topP)
        (self.nucleusSize, self.entropy, self.probability) = (nucleusSize, entropy, probability)
    }
}

/// How a token is chosen: hidden state and logits in, token out.
public protocol DecodingPolicy: Sendable {
    /// Chooses one token for each of R sequences that step together.
    ///
    /// - Parameters:
    ///   - hidden: last hidden states after the final norm, [R, D].
    ///   - logits: [R, V].
    ///   - random: one generator a sequence, so that a sequence's tokens do not depend on which others step with it.
    func choose(hidden: Tensor<Float>, logits: Tensor<Float>, random: inout [RandomGenerator]) -> [Decision]
}
