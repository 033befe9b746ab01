import AutoDecoHeads
import HiddenStateCache
import Safetensors
import Tensor

extension RunPlan {
    /// Tokens that are timed, at most: enough for products at full speed.
    private static let timedTokens = 4096
    private static let timedRounds = 2

    /// The plan of a run whose cache is not there yet: counts are those that are expected, the speed is measured on
    /// random tokens of the model's sizes.
    ///
    /// - Parameters:
    ///   - settings: of the run.
    ///   - stored: what the cache will be.
    ///   - trajectories: how many it is going to hold.
    ///   - tokens: how many it is going to hold.
    ///   - check: called between steps; what it throws ends the measurement.
    /// - Throws: ``TrainingError`` where the cache will not be of the type that the settings' precision needs; what
    ///   writing random tokens to a temporary folder throws.
    public static func expected(
        _ settings: TrainingSettings, cache stored: CacheDescription, trajectories: Int, tokens: Int,
        check: () throws -> Void = {}
    ) throws -> RunPlan {
        let heads = settings.headsConfiguration(hiddenSize: stored.storedSize)
        let precision = try settings.precision(over: stored, path: "the cache")
        // Which problems they belong to nobody knows before there is a cache.
        let held = settings.split.heldOutCount(of: trajectories), mean = Double(tokens) / Double(trajectories)
        let counts = Counts(
            trainingTrajectories: trajectories - held, validationTrajectories: held,
            trainingTokens: Int(Double(trajectories - held) * min(mean, Double(settings.maxTokens))),
            validationTokens: Int(Double(held) * mean))
        var plan = RunPlan(
            stored, cacheBytes: tokens * stored.bytesPerToken, isExpected: true, heads: heads, settings: settings,
            counts: counts)

        let timed = min(settings.microBatchTokens, timedTokens)
        // Of a projected cache the steps see the components alone.
        let plain = try CacheDescription(
            modelName: stored.modelName, modelPath: "", hiddenSize: stored.storedSize,
            vocabularySize: stored.vocabularySize, topLogits: stored.sketch.exact, tailBins: stored.sketch.bins,
            hiddenType: stored.hiddenType, rank: nil)
        let synthetic = try SyntheticCache(plain, trajectories: 1, length: timed) { _ in try check() }
        let gradients = StepGradients(
            cache: synthetic.cache, configuration: heads, settings: settings.loss, microBatchTokens: timed,
            precision: precision)
        var random = RandomGenerator(seed: UInt64(settings.seed))
        let parameters = AutoDecoHeads<Float>(configuration: heads, random: &random).parameters.named.map(\.value)
        let rate = try gradients.rate(
            of: StepTokens(all: synthetic.cache.trajectories), parameters: parameters, rounds: timedRounds)
        // How many tokens are easy nobody knows before there is a cache; the time is that of a run that reads them all.
        plan.setTime(rate: rate, readShare: 1, settings: settings)
        return plan
    }
}
