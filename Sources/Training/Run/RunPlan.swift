import AutoDecoHeads
import HiddenStateCache

/// What a run is going to be, before it begins.
public struct RunPlan: Sendable, Encodable {
    /// Whether there is no cache yet, and counts are what the configuration expects.
    public var isExpected: Bool
    /// Size of the cache's shards.
    public var cacheBytes: Int
    public var parameters: Int
    public var hiddenSize: Int
    public var vocabulary: Int
    /// In which numbers heads and hidden states are multiplied, "bf16" or "float".
    public var precision: String
    public var trainingTrajectories: Int
    public var validationTrajectories: Int
    public var trainingTokens: Int
    public var validationTokens: Int
    public var steps: Int
    /// Passes over the training trajectories.
    public var epochs: Double
    /// Tokens of all steps' trajectories.
    public var tokensOfAllSteps: Int
    /// Buffers, heads and moments; the cache is mapped, and comes on top with at most some hundred megabytes that the
    /// system can take back at any time.
    public var memoryBytes: Int
    public var checkpointBytes: Int
    /// Of one micro-batch of real tokens, timed before the run; nil where nobody timed one.
    public var tokensPerSecond: Double?
    public var seconds: Double?

    /// What the program takes beside: libraries, the index of trajectories, the report while it is written.
    private static let programBytes = 80 << 20

    /// Trajectories and tokens, those of training cut to `maxTokens`.
    struct Counts {
        var trainingTrajectories: Int, validationTrajectories: Int
        var trainingTokens: Int, validationTokens: Int
    }

    init(
        cache: HiddenStateCache, heads: HeadsConfiguration, settings: TrainingSettings, training: [TrajectoryIndex],
        validation: [TrajectoryIndex]
    ) {
        let counts = Counts(
            trainingTrajectories: training.count, validationTrajectories: validation.count,
            trainingTokens: training.map { $0.truncated(to: settings.maxTokens) }.tokens,
            validationTokens: validation.tokens)
        self.init(
            cache.description, cacheBytes: cache.byteCount, isExpected: false, heads: heads, settings: settings,
            counts: counts)
    }

    init(
        _ description: CacheDescription, cacheBytes: Int, isExpected: Bool, heads: HeadsConfiguration,
        settings: TrainingSettings, counts: Counts
    ) {
        (self.isExpected, self.cacheBytes) = (isExpected, cacheBytes)
        let shapes = AutoDecoHeads<Float>.shapes(for: heads).named.map(\.value)
        parameters = shapes.reduce(0) { $0 + $1.reduce(1, *) }
        (hiddenSize, vocabulary) = (heads.hiddenSize, description.vocabularySize)
        let precision = settings.precision ?? TrainingPrecision(standardFor: description)
        self.precision = precision.rawValue
        (trainingTrajectories, validationTrajectories) = (counts.trainingTrajectories, counts.validationTrajectories)
        (trainingTokens, validationTokens) = (counts.trainingTokens, counts.validationTokens)
        steps = settings.steps
        let drawn = Double(settings.steps) * Double(settings.trajectoriesPerStep)
        epochs = drawn / Double(max(1, trainingTrajectories))
        tokensOfAllSteps = Int(epochs * Double(trainingTokens))
        let headCount = heads.heads == .both ? 2 : 1, width = headCount * heads.innerSize
        let sketch = description.sketch, exact = min(sketch.exact, vocabulary),
            tail = vocabulary > sketch.exact ? 3 * (sketch.bins + 16) : 0
        // A token's hidden state, inner layers with their gradient, sketch, losses with theirs.
        let perToken = 4 * (hiddenSize + 2 * width + exact + 16 + tail + 64)
        // Heads, best heads, two moments, gradients of a step and a micro-batch, stacked weights and their gradient.
        // Micro-batches count twice, because validation's and a step's differ in size and keep memory of their own; in
        // BF16 a step's hidden states stay in the mapped cache.
        let mapped = precision == .bf16 ? 4 * hiddenSize : 0
        memoryBytes = settings.microBatchTokens * (2 * perToken - mapped) + 8 * 4 * parameters + Self.programBytes
        checkpointBytes = 4 * 4 * parameters
    }

    /// Sets speed and time.
    ///
    /// - Parameters:
    ///   - rate: tokens a second through forward and backward pass.
    ///   - readShare: share of a step's tokens that go through the heads; what easy-token masking drops does not.
    mutating func setTime(rate: Double, readShare: Double, settings: TrainingSettings) {
        tokensPerSecond = rate / max(readShare, 1e-9)
        // A validation goes forward only.
        let validations = validationTokens > 0 ? Double(steps / settings.validationEvery + 1) : 0
        seconds = Double(tokensOfAllSteps) * readShare / rate + validations * Double(validationTokens) / (2 * rate)
    }
}
