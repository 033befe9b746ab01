import Autodiff
import LogitSketches
import Tensor

/// Equations (1) to (3) of "The End of Manual Decoding" (arXiv 2510.26697) from composed operations, line by line: the
/// readable path. Training takes the fused path, ``TokenLogits``, which a test holds against this one.
public struct Equations<Element: Scalar> {
    let tape: Tape<Element>
    /// α, ε and the bounds of T̂.
    public let constants: LossConstants
    /// Logits in descending order, [N, V], and each label's place in its row, [N][1]. They do not depend on T̂.
    let sortedLogits: Variable<Element>
    let labelRanks: [[Int]]

    /// - Parameters:
    ///   - logits: l, [N, V].
    ///   - labels: y, N token ids.
    /// - Throws: ``LogitsError`` for NaN, +∞, a row without a possible token, and a label that is impossible or not in
    ///   the vocabulary.
    public init(
        tape: Tape<Element>, logits: Tensor<Element>, labels: [Int], constants: LossConstants = LossConstants()
    ) throws {
        let V = logits.columns
        var possible = logits
        let l = possible.mutablePointer()
        for (row, label) in labels.enumerated() {
            let found = UnsafeBufferPointer(start: l + row * V, count: V)
            if let error = LogitsError.find(in: found, label: label, number: row) { throw error }
            for i in row * V..<(row + 1) * V where Double(l[i]) <= largestImpossibleLogit { l[i] = -.infinity }
        }
        let (sorted, order) = tape.constant(possible).sortedDescending()
        self.tape = tape
        self.constants = constants
        sortedLogits = sorted
        // Every label is in its row: the check above has seen it.
        labelRanks = zip(order, labels).map { order, label in [order.firstIndex(of: label) ?? 0] }
    }

    /// The scaled logits of (1), with T̂ kept from below: p = softmax(l / T̂).
    func scaledLogits(_ temperature: Variable<Element>, atLeast smallest: Double) -> Variable<Element> {
        sortedLogits / temperature.clamped(to: Element(smallest)...Element.infinity)
    }

    /// relu(c − P̂), c the inclusive cumulative sum of sorted p, capped at 1.
    func excess(_ p: Variable<Element>, topP: Variable<Element>) -> Variable<Element> {
        (p.cumulativeSum().clamped(to: 0...1) - topP).relu()
    }

    /// The soft nucleus mask (2): m = exp(−α·relu(c − P̂)), [N, V] in sorted order.
    func softNucleusMask(_ p: Variable<Element>, topP: Variable<Element>) -> Variable<Element> {
        (excess(p, topP: topP) * Element(-constants.steepness)).exp()
    }

    /// The renormalised distribution (3): p̃ = p⊙m / (Σ p⊙m + ε), [N, V] in sorted order.
    func renormalised(_ p: Variable<Element>, topP: Variable<Element>) -> Variable<Element> {
        let masked = p * softNucleusMask(p, topP: topP)
        return masked / (masked.rowSums() + Element(constants.epsilon))
    }

    /// −log softmax(l/T̂)_y, [N, 1]: the released temperature loss.
    public func temperatureLoss(_ temperature: Variable<Element>) -> Variable<Element> {
        let logP = scaledLogits(temperature, atLeast: constants.smallestTemperature).logSoftmax()
        return -logP.gathered(columns: labelRanks)
    }

    /// −log(p̃_y + 1e-9), [N, 1]: the released top-p loss.
    public func topPLoss(_ temperature: Variable<Element>, topP: Variable<Element>) -> Variable<Element> {
        let p = scaledLogits(temperature, atLeast: constants.smallestTemperatureOfReleasedTopP).softmax()
        return -(renormalised(p, topP: topP).gathered(columns: labelRanks) + Element(constants.releasedEpsilon)).log()
    }

    /// −log p̃_y, [N, 1], the paper's joint loss, in log space: −(log p_y − α·relu(c_y−P̂) − log(Σ p⊙m + ε)).
    public func jointLoss(_ temperature: Variable<Element>, topP: Variable<Element>) -> Variable<Element> {
        let scaled = scaledLogits(temperature, atLeast: constants.smallestTemperature)
        let p = scaled.softmax()
        let logP = scaled.logSoftmax().gathered(columns: labelRanks)
        let logMask = excess(p, topP: topP).gathered(columns: labelRanks) * Element(-constants.steepness)
        let masked = p * softNucleusMask(p, topP: topP)
        return -(logP + logMask - (masked.rowSums() + Element(constants.epsilon)).log())
    }

    /// −min(ρA, clip(ρ)·A), [N, 1], the reward loss, ρ = q_y / μ_y and q = p̃: with P̂ = 1, softmax(l/T̂). The
    /// constants are to be those of sampling.
    public func rewardLoss(
        _ temperature: Variable<Element>, topP: Variable<Element>, rewards: TokenRewards<Element>
    ) -> Variable<Element> {
        let A = tape.constant(rewards.advantages), logBehaviour = tape.constant(rewards.behaviour)
        let ratio = (-jointLoss(temperature, topP: topP) - logBehaviour).exp()
        let free = ratio * A, clipped = ratio.clamped(to: TokenRewards<Element>.clip) * A
        // min(a, b) = b − relu(b − a)
        return -(clipped - (clipped - free).relu())
    }

    /// The four features of p = softmax(l / (T̂ + 1e-8)), T̂ held constant, [N, 4].
    public func features(_ temperature: Tensor<Element>) -> Tensor<Element> {
        let p = (sortedLogits.value / (temperature + Element(FeatureTerms.temperatureOffset))).softmax()
        let V = p.columns, logP = (p + Element(FeatureTerms.entropyOffset)).logarithm()
        let entropy = (p * logP).rowSums() * -1
        let deviation = p + (-1 / Element(V))
        let variance = V > 1 ? (deviation * deviation).rowSums() * (1 / Element(V - 1)) : Tensor(shape: [p.rows, 1])
        var features = Tensor<Element>(shape: [p.rows, FeatureTerms.count])
        for row in 0..<p.rows {
            features[row, 0] = p[row, 0]
            features[row, 1] = entropy[row]
            features[row, 2] = variance[row]
            features[row, 3] = (0..<min(FeatureTerms.leadingCount, V)).reduce(0) { $0 + p[row, $1] }
        }
        return features
    }
}
