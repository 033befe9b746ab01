import Tensor

/// What a policy decided for one token, and what it saw.
public struct Decision: Sendable, Equatable {
    /// Token id.
    public var token: Int
    /// T and P that were used; 0 for greedy. P is 1 where there is no top-p filter.
    public var temperature: Double
    public var topP: Double
    /// Number of tokens that could have been drawn: those that the filter keeps. The soft filter keeps every token a
    /// little; it reports what the hard filter would keep at the same P.
    public var nucleusSize: Int
    /// Entropy of softmax(l/T) in nats, over the whole vocabulary, before any filter; of softmax(l) for greedy.
    public var entropy: Double
    /// Probability of the token under softmax(l/T), before any filter; under softmax(l) for greedy.
    public var probability: Double
    /// Probability of the token under the distribution that it was drawn from: after the filter, renormalised, in
    /// (0, 1]; 1 for greedy. Its logarithm is what trajectories call a behaviour log-probability.
    public var drawProbability: Double

    /// - Parameter drawProbability: `probability` where nil, as without a filter.
    public init(
        token: Int, temperature: Double, topP: Double, nucleusSize: Int, entropy: Double, probability: Double,
        drawProbability: Double? = nil
    ) {
        (self.token, self.temperature, self.topP) = (token, temperature, topP)
        (self.nucleusSize, self.entropy, self.probability) = (nucleusSize, entropy, probability)
        self.drawProbability = drawProbability ?? probability
    }
}

/// How a token is chosen: hidden state and logits in, token out.
///
/// Every policy takes exactly one uniform of 53 bits from a sequence's generator for each token that it draws, and none
/// where it decodes greedily (T = 0); the token is the inverse of the cumulative distribution at that uniform.
public protocol DecodingPolicy: Sendable {
    /// Chooses one token for each of R sequences that step together.
    ///
    /// - Parameters:
    ///   - hidden: last hidden states after the final norm, [R, D].
    ///   - logits: [R, V]. A logit ≤ −1e30 is an impossible token, which is never drawn.
    ///   - random: one generator a sequence, so that a sequence's tokens do not depend on which others step with it.
    /// - Throws: ``PolicyError`` for the first row that holds a NaN or +∞, or no possible token.
    func choose(hidden: Tensor<Float>, logits: Tensor<Float>, random: inout [RandomGenerator]) throws -> [Decision]
}
