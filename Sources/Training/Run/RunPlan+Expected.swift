import AutoDecoHeads
import Configuration
import HiddenStateCache
import Safetensors
import Tensor

extension RunPlan {
    /// Tokens that are timed, at most: enough for products at full speed.
    private static let timedTokens = 4096
    private static let timedRounds = 2

    /// The plan of a run whose cache is not there yet: counts are those that the configuration expects, the speed is measured on random
    /// tokens of the model's sizes.
    ///
    /// - Parameter check: called between steps; what it throws ends the measurement.
    /// - Throws: ``TrainingError`` where the configuration lacks a size or count; what writing random tokens to a temporary folder throws.
    public static func expected(_ configuration: Configuration, check: () throws -> Void = {}) throws -> RunPlan {
        let section = configuration.training, cache = configuration.cache
        func required(_ value: Int?, _ key: String) throws -> Int {
            guard let value else {
                throw TrainingError(
                    .unsuitableData,
                    "\(configuration.file): found no cache in \(cache.folder ?? "cache.folder"), and \(key) is missing; to plan a run without a cache give model.hiddenSize, model.vocabularySize, cache.expectedTrajectories and cache.expectedTokens")
            }
            return value
        }
        let D = try required(configuration.model.hiddenSize, "model.hiddenSize"), V = try required(configuration.model.vocabularySize, "model.vocabularySize")
        let trajectories = try required(cache.expectedTrajectories, "cache.expectedTrajectories")
        let tokens = try required(cache.expectedTokens, "cache.expectedTokens")
        func description(hiddenSize: Int, rank: Int?) throws -> CacheDescription {
            try CacheDescription(
                modelName: "expected", modelPath: "", hiddenSize: hiddenSize, vocabularySize: V, topLogits: cache.topLogits, tailBins: cache.tailBins,
                hiddenType: ElementType(rawValue: cache.hiddenType.rawValue) ?? .bf16, rank: rank)
        }
        let stored = try description(hiddenSize: D, rank: cache.rank), heads = section.headsConfiguration(hiddenSize: stored.storedSize)

        let held = Int((Double(trajectories) * section.validationFraction).rounded()), mean = Double(tokens) / Double(trajectories)
        let counts = Counts(
            trainingTrajectories: trajectories - held, validationTrajectories: held,
            trainingTokens: Int(Double(trajectories - held) * min(mean, Double(section.maxTokens))), validationTokens: Int(Double(held) * mean))
        var plan = RunPlan(
            stored, cacheBytes: tokens * stored.bytesPerToken, isExpected: true, heads: heads, section: section, counts: counts)

        let timed = min(section.microBatchTokens, timedTokens)
        let synthetic = try SyntheticCache(try description(hiddenSize: stored.storedSize, rank: nil), trajectories: 1, length: timed) { _ in try check() }
        let gradients = StepGradients(cache: synthetic.cache, configuration: heads, settings: section.lossSettings, microBatchTokens: timed)
        var random = RandomGenerator(seed: UInt64(section.seed))
        let parameters = AutoDecoHeads<Float>(configuration: heads, random: &random).parameters.named.map(\.value)
        let rate = try gradients.rate(of: StepTokens(all: synthetic.cache.trajectories), parameters: parameters, rounds: timedRounds)
        // How many tokens are easy nobody knows before there is a cache; the time is that of a run that reads them all.
        plan.setTime(rate: rate, readShare: 1, section: section)
        return plan
    }
}
