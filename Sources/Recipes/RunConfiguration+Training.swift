import AutoDecoHeads
import Backbone
import Configuration
import Files
import Foundation
import HiddenStateCache
import Safetensors
import Training

// From a configuration to a training run.

extension RunConfiguration {
    /// What a training run keeps of this configuration.
    public var record: RunRecord {
        var settings: [String: JSONValue] = [:]
        if case .object(let members) = training.json { settings = members }
        return RunRecord(
            configuration: json, settings: settings, hiddenSize: model.hiddenSize,
            vocabularySize: model.vocabularySize)
    }

    /// A trainer for this configuration.
    ///
    /// - Parameters:
    ///   - cache: the tokens that heads are fitted to.
    ///   - folder: the run's.
    /// - Throws: what ``Training/Trainer`` throws.
    public func trainer(cache: HiddenStateCache, folder: RunFolder) throws -> Trainer {
        try Trainer(settings: training.settings, record: record, cache: cache, folder: folder)
    }

    /// The plan of a run whose cache is not there yet.
    ///
    /// - Parameter check: called between steps; what it throws ends the measurement.
    /// - Throws: ``ConfigurationError`` where the configuration lacks a size or count; as `RunPlan.expected` does.
    public func expectedPlan(check: () throws -> Void = {}) throws -> RunPlan {
        func required(_ value: Int?, _ key: String) throws -> Int {
            guard let value else {
                throw ConfigurationError(
                    .missing,
                    "\(file): found no cache in \(cache.folder ?? "cache.folder"), and \(key) is "
                        + "missing; to plan a run "
                        + "without a cache give model.hiddenSize, model.vocabularySize, cache.expectedTrajectories and "
                        + "cache.expectedTokens")
            }
            return value
        }
        let description = try cacheDescription(
            hiddenSize: required(model.hiddenSize, "model.hiddenSize"),
            vocabularySize: required(model.vocabularySize, "model.vocabularySize"), modelName: "expected", modelPath: ""
        )
        return try RunPlan.expected(
            training.settings, cache: description,
            trajectories: required(cache.expectedTrajectories, "cache.expectedTrajectories"),
            tokens: required(cache.expectedTokens, "cache.expectedTokens"), check: check)
    }

    /// The form of the cache that section `cache` asks for.
    ///
    /// - Throws: `CacheError` where a size is out of its range.
    public func cacheDescription(
        hiddenSize: Int, vocabularySize: Int, modelName: String, modelPath: String,
        products: ProductPrecision = .float
    ) throws -> CacheDescription {
        let type: ElementType =
            switch cache.hiddenType {
            case .bfloat16: .bf16
            case .float16: .f16
            case .float32: .f32
            }
        var description = try CacheDescription(
            modelName: modelName, modelPath: modelPath, hiddenSize: hiddenSize, vocabularySize: vocabularySize,
            topLogits: cache.topLogits, tailBins: cache.tailBins, hiddenType: type, rank: cache.rank)
        if products != .float { description.products = products.rawValue }
        return description
    }
}
