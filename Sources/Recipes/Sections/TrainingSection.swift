import AutoDecoHeads
import Configuration
import Training

/// Fitting the heads. Defaults are the paper's.
public struct TrainingSection: Section {
    /// Run folder: checkpoints, metrics, report, heads.
    public var folder: String?
    /// How heads are fitted. The keys below lie side by side in a file.
    public var settings = TrainingSettings()

    public init() {}

    package static let name = "training"
    package static let keys: [Key<Self>] = [
        Key("folder", \.folder, .path),
        Key("initialHeads", \.settings.initialHeads, .path),
        Key("seed", \.settings.seed, .within(0...largestSeed)),
        Key("objective", \.settings.loss.objective),
        Key("heads", \.settings.heads),
        Key("alpha", \.settings.loss.constants.steepness, .above(0)),
        Key("easyTokenDrop", \.settings.loss.easyTokenDropRate, .within(0...1)),
        Key("dynamicFineTuning", \.settings.loss.dynamicFineTuning),
        Key("enhancedFeatures", \.settings.enhancedFeatures),
        Key("detachTemperature", \.settings.loss.detachesTemperature),
        Key("steps", \.settings.steps, .within(1...1_000_000_000)),
        Key("trajectoriesPerStep", \.settings.trajectoriesPerStep, .within(1...1_000_000)),
        Key("maxTokens", \.settings.maxTokens, .within(1...1_000_000_000)),
        Key("microBatchTokens", \.settings.microBatchTokens, .within(1...16_777_216)),
        Key("precision", \.settings.precision),
        Key("learningRate", \.settings.learningRate, .above(0)),
        Key("beta1", \.settings.adamW.beta1, .within(0..<1)),
        Key("beta2", \.settings.adamW.beta2, .within(0..<1)),
        Key("epsilon", \.settings.adamW.epsilon, .above(0)),
        Key("weightDecay", \.settings.adamW.weightDecay, .from(0)),
        Key("schedule", \.settings.decay),
        Key("warmupSteps", \.settings.warmupSteps, .within(0...1_000_000_000)),
        Key("gradientClip", \.settings.gradientClip, .above(0)),
        Key("validationFraction", \.settings.validationFraction, .within(0..<1)),
        Key("validationEvery", \.settings.validationEvery, .within(1...1_000_000_000)),
        Key("earlyStoppingPatience", \.settings.earlyStoppingPatience, .within(1...1_000_000_000)),
        Key("checkpointEvery", \.settings.checkpointEvery, .within(1...1_000_000_000)),
    ]

    package var contradiction: (key: String, sentence: String)? {
        let warmup = settings.warmupSteps, steps = settings.steps
        if settings.loss.objective == .reward {
            let why = "as training.objective \"reward\" needs"
            if settings.initialHeads == nil {
                return ("initialHeads", "is null, expected the heads that drew the trajectories, \(why)")
            }
            if settings.loss.dynamicFineTuning { return ("dynamicFineTuning", "is true, expected false, \(why)") }
            for (key, value) in [
                ("easyTokenDrop", settings.loss.easyTokenDropRate), ("validationFraction", settings.validationFraction),
            ] where value > 0 {
                return (key, "is \(value), expected 0, \(why)")
            }
        }
        if warmup > steps { return ("warmupSteps", "is \(warmup), expected at most the \(steps) of training.steps") }
        if settings.earlyStoppingPatience != nil, settings.validationFraction == 0 {
            return (
                "earlyStoppingPatience",
                "needs held-out trajectories, expected null or a training.validationFraction above 0"
            )
        }
        return nil
    }
}

extension Objective: KeyChoice, KeyValue {}
extension HeadSelection: KeyChoice, KeyValue {}
extension Schedule.Decay: KeyChoice, KeyValue {}
extension TrainingPrecision: KeyChoice, KeyValue {}
