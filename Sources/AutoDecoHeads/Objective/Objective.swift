import Autodiff
import LogitSketches
import Tensor

/// Which loss is minimised.
public enum Objective: String, Sendable, Codable, CaseIterable {
    /// The paper's: cross-entropy of equation (3); one loss drives both heads.
    case joint
    /// The released code's: cross-entropy at T̂, plus −log(p̃_y + 1e-9) for P̂, through which T̂ gets a gradient too.
    case released
    /// −min(ρA, clip(ρ)·A), ρ = q_y / μ_y: the probability of tokens of better completions rises, that of worse ones
    /// falls. It needs completions, right and wrong, that the heads have drawn; see ``TokenRewards``.
    case reward
}

/// Objective, weights and masking: everything between predicted (T̂, P̂) and the number that is minimised.
public struct LossSettings: Sendable, Equatable, Codable {
    /// The loss that is minimised; `joint` by default.
    public var objective = Objective.joint
    /// α, ε and the bounds of T̂.
    public var constants = LossConstants()
    /// Weights each token's loss by the base model's own softmax(l)_y, held constant (Dynamic Fine-Tuning).
    public var dynamicFineTuning = true
    /// Share of easy tokens that is dropped, 0 to 1; 0 keeps all.
    public var easyTokenDropRate = 0.6
    /// Whether T̂ enters the top-p head as a constant, as in the released code.
    public var detachesTemperature = true

    /// The paper's settings.
    public init() {}
}

/// How many tokens a step has, over all of its micro-batches: what means divide by.
public struct TokenCounts: Sendable, Equatable {
    /// Number of tokens.
    public var tokens: Int
    /// Number of tokens that easy-token masking keeps.
    public var kept: Int

    /// Counts of all tokens and of the kept ones.
    public init(tokens: Int, kept: Int) { (self.tokens, self.kept) = (tokens, kept) }
}

/// The losses of a batch of tokens as single numbers on the tape. Each is Σ weight·loss divided by a count, never by
/// Σ weight, so that the shares of several micro-batches add up to the loss of the step.
public struct ObjectiveTerms<Element: Scalar> {
    /// Released temperature loss, over kept tokens.
    public let temperature: Variable<Element>
    /// Released top-p loss, over all tokens: easy-token masking does not apply to it.
    public let topP: Variable<Element>
    /// Joint loss, over kept tokens.
    public let joint: Variable<Element>
    /// Reward loss, over all tokens, unweighted; nil where no rewards are given.
    public let reward: Variable<Element>?

    /// - Parameters:
    ///   - temperature: T̂, [N, 1].
    ///   - topP: P̂, [N, 1].
    ///   - kept: N flags, of ``easyTokenMask(labelRanks:draws:dropRate:)``.
    ///   - rewards: of the tokens, which the reward objective alone looks at.
    ///   - counts: of the whole step.
    public init(
        logits: some TokenLogits<Element>, temperature: Variable<Element>, topP: Variable<Element>, kept: [Bool],
        rewards: TokenRewards<Element>? = nil, counts: TokenCounts, settings: LossSettings, tape: Tape<Element>
    ) {
        require(kept.count == logits.count, "\(kept.count) flags for \(logits.count) tokens")
        let constants = rewards == nil ? settings.constants : settings.constants.ofSampling
        let losses = logits.losses(temperature: temperature, topP: topP, constants: constants, tape: tape)
        let weights =
            settings.dynamicFineTuning ? logits.baseProbabilities : Tensor(shape: [logits.count, 1], repeating: 1)
        let keptWeights = weights * Tensor(shape: [logits.count, 1], kept.map { $0 ? 1 : 0 })
        self.temperature = losses.temperature.weightedMean(weights: keptWeights, count: counts.kept)
        self.topP = losses.topP.weightedMean(weights: weights, count: counts.tokens)
        joint = losses.joint.weightedMean(weights: keptWeights, count: counts.kept)
        reward = rewards.map { rewards in
            rewards.losses(crossEntropy: losses.joint, tape: tape).weightedMean(
                weights: Tensor(shape: [logits.count, 1], repeating: 1), count: counts.tokens)
        }
    }

    /// What is minimised. Without one of the heads `released` keeps the other's term alone.
    public func total(_ objective: Objective, heads: HeadSelection) -> Variable<Element> {
        switch (objective, heads) {
        case (.joint, _): joint
        case (.released, .both): temperature + topP
        case (.released, .temperature): temperature
        case (.released, .topP): topP
        case (.reward, _): rewarded
        }
    }

    private var rewarded: Variable<Element> {
        guard let reward else { fatalError("the reward objective over tokens without rewards") }
        return reward
    }
}
