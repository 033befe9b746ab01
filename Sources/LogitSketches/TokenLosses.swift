import Foundation
import Tensor

/// Constants of equations (2) and (3).
public struct LossConstants: Sendable, Equatable, Codable {
    /// α, how steeply the soft mask falls beyond P̂; 30 in the paper.
    public var steepness = SoftMask.publishedSteepness
    /// ε in the denominator of (3).
    public var epsilon = 1e-9
    /// What the released top-p loss adds to p̃ before its logarithm.
    public var releasedEpsilon = 1e-9
    /// Below this T̂ enters no loss and gets no gradient.
    public var smallestTemperature = 1e-2
    /// The same bound for the released top-p loss alone.
    public var smallestTemperatureOfReleasedTopP = 1e-8

    /// The constants of the paper and of the released code.
    public init() {}
}

/// What one token's losses depend on at one (T, P), and how: the label's log probability, its place in the cumulative
/// sum, and the denominator of equation (3).
struct TokenTerms {
    /// log p_y and its derivative in T.
    var logProbability: Double
    var logProbabilityTangent: Double
    /// relu(c_y − P), and dc_y/dT.
    var excess: Double
    var cumulativeTangent: Double
    /// Σ p⊙m.
    var masked: MaskedMass

    /// −(log p_y − α·relu(c_y−P) − log(Σ p⊙m + ε)) and its derivatives: cross-entropy of (3), in log space.
    func joint(_ constants: LossConstants) -> (loss: Double, byTemperature: Double, byTopP: Double) {
        let α = constants.steepness, denominator = masked.value + constants.epsilon
        let isOutside = excess > 0
        return (
            -logProbability + α * excess + Foundation.log(denominator),
            -logProbabilityTangent + (isOutside ? α * cumulativeTangent : 0) + masked.byTemperature / denominator,
            (isOutside ? -α : 0) + masked.byTopP / denominator
        )
    }

    /// −log(p̃_y + 1e-9), what the released code minimises for P̂. With q = p̃_y = e^−joint, its derivative is
    /// q/(q + 1e-9) times that of the joint loss.
    func releasedTopP(_ constants: LossConstants) -> (loss: Double, byTemperature: Double, byTopP: Double) {
        let joint = joint(constants), q = Foundation.exp(-joint.loss)
        let share = q / (q + constants.releasedEpsilon)
        return (-Foundation.log(q + constants.releasedEpsilon), share * joint.byTemperature, share * joint.byTopP)
    }
}

/// The three losses of N tokens with their derivatives by T̂ and P̂, each [N, 1], without weights or masking.
public struct TokenLosses<Element: Scalar>: Sendable {
    /// −log softmax(l/T̂)_y.
    public var temperature: Tensor<Element>
    /// Derivative of ``temperature`` in T̂.
    public var temperatureByTemperature: Tensor<Element>
    /// −log(p̃_y + 1e-9).
    public var topP: Tensor<Element>
    /// Derivative of ``topP`` in T̂.
    public var topPByTemperature: Tensor<Element>
    /// Derivative of ``topP`` in P̂.
    public var topPByTopP: Tensor<Element>
    /// −log p̃_y in log space.
    public var joint: Tensor<Element>
    /// Derivative of ``joint`` in T̂.
    public var jointByTemperature: Tensor<Element>
    /// Derivative of ``joint`` in P̂.
    public var jointByTopP: Tensor<Element>

    /// Losses whose columns `fill` writes, all of them.
    init(count: Int, fill: (LossRows<Element>) -> Void) {
        let columns = Tensor<Element>(shape: [8, count]) { buffer in
            if let base = buffer.baseAddress { fill(LossRows(columns: base, count: count)) }
        }
        func column(_ index: Int) -> Tensor<Element> {
            Tensor(shape: [count, 1]) { column in
                withPointers(to: columns) { column.baseAddress!.update(from: $0 + index * count, count: count) }
            }
        }
        (temperature, temperatureByTemperature) = (column(0), column(1))
        (topP, topPByTemperature, topPByTopP) = (column(2), column(3), column(4))
        (joint, jointByTemperature, jointByTopP) = (column(5), column(6), column(7))
    }
}

/// The losses of N tokens being filled. The pointer is shared by threads that write different tokens.
struct LossRows<Element: Scalar>: @unchecked Sendable {
    let columns: UnsafeMutablePointer<Element>
    let count: Int

    /// One token's losses at (T̂, P̂); `terms` gives its terms at a T that is kept from below.
    @inline(__always)
    func store(_ token: Int, temperature t: Double, constants: LossConstants, terms: (Double) -> TokenTerms) {
        let main = terms(max(t, constants.smallestTemperature)), joint = main.joint(constants)
        let isAbove = t >= constants.smallestTemperature, passes: Double = isAbove ? 1 : 0
        // Below its bound the released top-p loss still sees the true T̂, and needs terms of its own.
        let topP = (isAbove ? main : terms(max(t, constants.smallestTemperatureOfReleasedTopP))).releasedTopP(constants)
        let topPPasses: Double = t >= constants.smallestTemperatureOfReleasedTopP ? 1 : 0
        func store(_ column: Int, _ value: Double) { columns[column * count + token] = Element(value) }
        store(0, -main.logProbability)
        store(1, -main.logProbabilityTangent * passes)
        store(2, topP.loss)
        store(3, topP.byTemperature * topPPasses)
        store(4, topP.byTopP)
        store(5, joint.loss)
        store(6, joint.byTemperature * passes)
        store(7, joint.byTopP)
    }
}
