import AutoDecoHeads
import Files
import HiddenStateCache

/// How heads are fitted: plain values, checked by nobody. Defaults are the paper's.
public struct TrainingSettings: Sendable, Equatable {
    /// Folder of heads to start from; nil starts from random ones.
    public var initialHeads: String?
    /// Of the random numbers: initialisation, order of the data, easy-token draws, split; at least 0.
    public var seed = 0

    /// Objective, weights, masking and constants.
    public var loss = LossSettings()
    /// Which heads are fitted; the other one is the constant 1.
    public var heads = HeadSelection.both
    /// Whether the top-p head sees four features of the distribution beside the hidden state and T̂.
    public var enhancedFeatures = true

    /// Steps, at least 1.
    public var steps = 400
    /// Trajectories a step takes, at least 1.
    public var trajectoriesPerStep = 32
    /// Tokens of a trajectory that are used, from its first on; at least 1.
    public var maxTokens = 16_384
    /// Tokens that go through the heads together, at most: bounds memory, and leaves the loss as it is.
    public var microBatchTokens = 8192
    /// In which numbers heads and hidden states are multiplied; nil takes BF16 where the cache stores BF16.
    public var precision: TrainingPrecision?

    /// AdamW's constants besides the learning rate.
    public var adamW = AdamWSettings()
    /// Largest learning rate, above 0.
    public var learningRate = 5e-6
    /// How the learning rate goes on after warm-up.
    public var decay = Schedule.Decay.linear
    /// Steps over which the learning rate rises from zero; at most `steps`.
    public var warmupSteps = 0
    /// Largest norm of the gradient of all parameters; nil clips nothing.
    public var gradientClip: Double? = 1.0

    /// Share of problems whose trajectories are held out, chosen by seed; 0 to below 1.
    public var validationFraction = 0.05
    /// Steps between two validations, at least 1.
    public var validationEvery = 20
    /// Validations without improvement after which training stops; nil goes on to the last step.
    public var earlyStoppingPatience: Int?
    /// Steps between two checkpoints, at least 1.
    public var checkpointEvery = 50

    /// The paper's settings.
    public init() {}

    /// The same with the reward objective: no weights, nothing dropped, and nothing held out, for no held-out loss says
    /// whether rewards rise.
    public var ofReward: TrainingSettings {
        var settings = self
        settings.loss.objective = .reward
        (settings.loss.dynamicFineTuning, settings.loss.easyTokenDropRate) = (false, 0)
        (settings.validationFraction, settings.earlyStoppingPatience) = (0, nil)
        return settings
    }

    /// The heads that are fitted, for hidden states of so many columns.
    public func headsConfiguration(hiddenSize: Int) -> HeadsConfiguration {
        HeadsConfiguration(hiddenSize: hiddenSize, heads: heads, enhancedFeatures: enhancedFeatures)
    }

    /// The learning rate of each step.
    public var schedule: Schedule {
        Schedule(decay: decay, peak: learningRate, warmupSteps: warmupSteps, steps: steps)
    }

    /// Which trajectories are held out.
    public var split: TrajectorySplit { TrajectorySplit(validationFraction: validationFraction, seed: UInt64(seed)) }

    /// Whether a step needs tokens that easy-token masking drops: the released top-p term is over all tokens.
    var readsDroppedTokens: Bool { loss.objective == .released && heads != .temperature }
}

/// What a run keeps of the configuration that it was asked for with, beside its settings.
public struct RunRecord: Sendable {
    /// The resolved configuration: written to the run's folder, and shown in its report.
    public var configuration: JSONValue
    /// What the run's numbers follow from, by key: a run goes on only under the same values.
    public var settings: [String: JSONValue]
    /// D and V of the model, where the configuration names them.
    public var hiddenSize, vocabularySize: Int?

    /// - Parameters:
    ///   - configuration: as JSON.
    ///   - settings: the keys that a resumed run must share.
    ///   - hiddenSize: D that the configuration names, or nil.
    ///   - vocabularySize: V that the configuration names, or nil.
    public init(
        configuration: JSONValue, settings: [String: JSONValue], hiddenSize: Int? = nil, vocabularySize: Int? = nil
    ) {
        (self.configuration, self.settings) = (configuration, settings)
        (self.hiddenSize, self.vocabularySize) = (hiddenSize, vocabularySize)
    }
}
