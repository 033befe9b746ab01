import AutoDecoHeads
import Foundation
import HiddenStateCache

/// Tokens of a cache that heads were not trained on: whoever asks what heads say, without sampling, asks there.
public struct HeldOutTokens: Sendable {
    public let cache: HiddenStateCache
    public let trajectories: [TrajectoryIndex]
    /// Of training's split.
    public let seed: UInt64

    /// - Parameters:
    ///   - modelFolder: of the model that is evaluated; the cache must be of the same one.
    /// - Throws: ``ScoringError`` or `CacheError`, in one sentence, where the folder holds no cache that fits.
    public init(
        folder: URL, split: TrajectorySplit, modelFolder: URL, vocabularySize: Int, heads: HeadsConfiguration
    ) throws {
        guard FileManager.default.fileExists(atPath: folder.appendingPathComponent("cache.json").path) else {
            throw ScoringError("\(folder.relativePath): holds no hidden-state cache")
        }
        cache = try HiddenStateCache(folder: folder, verify: false)
        try cache.requireFit(heads)
        guard cache.description.vocabularySize == vocabularySize else {
            throw ScoringError(
                "\(folder.relativePath): is the cache of a model of \(cache.description.vocabularySize) tokens, this "
                    + "one has \(vocabularySize)"
            )
        }
        func configuration(_ folder: URL) -> Data? {
            try? Data(contentsOf: folder.appendingPathComponent("config.json"))
        }
        if let theirs = configuration(cache.backboneFolder), theirs != configuration(modelFolder) {
            throw ScoringError("\(folder.relativePath): is the cache of another model, whose config.json differs")
        }
        trajectories = cache.trajectories(.validation, of: split)
        seed = split.seed
        guard !trajectories.isEmpty else {
            throw ScoringError(
                "\(folder.relativePath): training held out none of its trajectories, training.validationFraction is "
                    + "\(split.validationFraction)"
            )
        }
    }
}
