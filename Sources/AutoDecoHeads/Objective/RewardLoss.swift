import Autodiff
import LogitSketches
import Tensor

/// What the reward objective knows of N tokens beside their logits.
public struct TokenRewards<Element: Scalar>: Sendable {
    /// A = r − the mean reward of the problem's completions, of each token's completion, [N, 1].
    public let advantages: Tensor<Element>
    /// log μ_y, the label's log-probability under the policy that drew it, [N, 1].
    public let behaviour: Tensor<Element>

    /// - Parameters:
    ///   - advantages: A, N of them.
    ///   - behaviour: log μ_y, at most 0, N of them.
    public init(advantages: [Float], behaviour: [Float]) {
        require(
            advantages.count == behaviour.count, "\(advantages.count) advantages, \(behaviour.count) log-probabilities")
        let shape = [advantages.count, 1]
        self.advantages = Tensor(shape: shape, advantages.map { Element($0) })
        self.behaviour = Tensor(shape: shape, behaviour.map { Element($0) })
    }

    /// How far ρ = q_y / μ_y may go before a token stops to pull.
    public static var clip: ClosedRange<Element> { Element(0.8)...Element(1.2) }

    /// −min(ρA, clip(ρ)·A) of each token on the tape, [N, 1], ρ = q_y / μ_y: the fused operation.
    ///
    /// - Parameter crossEntropy: −log q_y, [N, 1].
    public func losses(
        crossEntropy: Variable<Element>, tape: Tape<Element>
    ) -> Variable<Element> {
        let clip = Self.clip, A = advantages
        let ratio = (crossEntropy.value * -1 - behaviour).exponential()
        let pull = Tensor<Element>(shape: A.shape) { pull in
            for i in pull.indices {
                let isAtItsEnd = A[i] > 0 ? ratio[i] > clip.upperBound : ratio[i] < clip.lowerBound
                pull[i] = isAtItsEnd || A[i] == 0 ? 0 : ratio[i] * A[i]
            }
        }
        let loss = Tensor<Element>(shape: A.shape) { loss in
            for i in loss.indices {
                let clipped = min(max(ratio[i], clip.lowerBound), clip.upperBound)
                loss[i] = A[i] == 0 ? 0 : -min(ratio[i] * A[i], clipped * A[i])
            }
        }
        return tape.record(loss, from: [crossEntropy]) { gradient, sinks in
            // ρ = e^(−crossEntropy)/μ, so d(−ρA) = ρA; a clipped ρ is a constant.
            sinks[0].add(gradient * pull)
        }
    }
}

extension LossConstants {
    /// The same without ε: q is what tokens are drawn from, and far below the largest p the two differ.
    public var ofSampling: LossConstants {
        var constants = self
        constants.epsilon = 0
        return constants
    }
}
