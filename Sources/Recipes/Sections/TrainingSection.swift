import Configuration

/// Fitting the heads. Defaults are the paper's.
public struct TrainingSection: Section {
    /// Run folder: checkpoints, metrics, report, heads.
    public var folder: String?
    /// Heads to start from; null starts from random ones.
    public var initialHeads: String?
    /// Of the random numbers: initialisation, order of the data, easy-token draws, split.
    public var seed = 0

    // The loss.
    public var objective = ObjectiveChoice.joint
    /// Which heads are fitted; the other one is the constant 1.
    public var heads = HeadsChoice.both
    /// α of the soft mask, equation (2).
    public var alpha = 30.0
    /// Share of easy tokens (those that greedy decoding gets right) that a step drops; 0 keeps all.
    public var easyTokenDrop = 0.6
    /// Whether a token's loss is weighted by its base probability.
    public var dynamicFineTuning = true
    /// Whether the top-p head sees four features of the distribution beside the hidden state and T̂.
    public var enhancedFeatures = true
    /// Whether T̂ enters the top-p head as a constant.
    public var detachTemperature = true

    // Steps.
    public var steps = 400
    public var trajectoriesPerStep = 32
    /// Tokens of a trajectory that are used, from its first on.
    public var maxTokens = 16_384
    /// Tokens that go through the heads together, at most: bounds memory, and leaves the loss as it is.
    public var microBatchTokens = 8192

    // AdamW and its schedule.
    public var learningRate = 5e-6
    public var beta1 = 0.9
    public var beta2 = 0.999
    public var epsilon = 1e-8
    public var weightDecay = 0.0
    /// How the learning rate goes on after warm-up: it stays, or falls to zero at the last step.
    public var schedule = ScheduleChoice.linear
    /// Steps over which the learning rate rises from zero.
    public var warmupSteps = 0
    /// Largest norm of the gradient of all parameters; null clips nothing.
    public var gradientClip: Double? = 1.0

    // Validation and state.
    /// Share of trajectories that is held out, chosen by seed.
    public var validationFraction = 0.05
    /// Steps between two validations.
    public var validationEvery = 20
    /// Validations without improvement after which training stops; null goes on to the last step.
    public var earlyStoppingPatience: Int?
    /// Steps between two checkpoints.
    public var checkpointEvery = 50

    public init() {}

    package static let name = "training"
    package static let keys: [Key<Self>] = [
        Key("folder", \.folder, .path),
        Key("initialHeads", \.initialHeads, .path),
        Key("seed", \.seed, .within(0...largestSeed)),
        Key("objective", \.objective),
        Key("heads", \.heads),
        Key("alpha", \.alpha, .above(0)),
        Key("easyTokenDrop", \.easyTokenDrop, .within(0...1)),
        Key("dynamicFineTuning", \.dynamicFineTuning),
        Key("enhancedFeatures", \.enhancedFeatures),
        Key("detachTemperature", \.detachTemperature),
        Key("steps", \.steps, .within(1...1_000_000_000)),
        Key("trajectoriesPerStep", \.trajectoriesPerStep, .within(1...1_000_000)),
        Key("maxTokens", \.maxTokens, .within(1...1_000_000_000)),
        Key("microBatchTokens", \.microBatchTokens, .within(1...16_777_216)),
        Key("learningRate", \.learningRate, .above(0)),
        Key("beta1", \.beta1, .within(0..<1)),
        Key("beta2", \.beta2, .within(0..<1)),
        Key("epsilon", \.epsilon, .above(0)),
        Key("weightDecay", \.weightDecay, .from(0)),
        Key("schedule", \.schedule),
        Key("warmupSteps", \.warmupSteps, .within(0...1_000_000_000)),
        Key("gradientClip", \.gradientClip, .above(0)),
        Key("validationFraction", \.validationFraction, .within(0..<1)),
        Key("validationEvery", \.validationEvery, .within(1...1_000_000_000)),
        Key("earlyStoppingPatience", \.earlyStoppingPatience, .within(1...1_000_000_000)),
        Key("checkpointEvery", \.checkpointEvery, .within(1...1_000_000_000)),
    ]

    package var contradiction: (key: String, sentence: String)? {
        if warmupSteps > steps {
            return ("warmupSteps", "is \(warmupSteps), expected at most the \(steps) of training.steps")
        }
        if earlyStoppingPatience != nil, validationFraction == 0 {
            return (
                "earlyStoppingPatience",
                "needs held-out trajectories, expected null or a training.validationFraction above 0"
            )
        }
        return nil
    }
}

/// Which loss is minimised.
public enum ObjectiveChoice: String, KeyChoice, KeyValue {
    /// The paper's: cross-entropy of the masked distribution drives both heads.
    case joint
    /// The published code's: a loss for each head.
    case released
}

/// Which heads are fitted.
public enum HeadsChoice: String, KeyChoice, KeyValue {
    case both, temperature, topP
}

/// How the learning rate goes on after warm-up.
public enum ScheduleChoice: String, KeyChoice, KeyValue {
    case constant, linear, cosine
}
