import AutoDecoHeads
import Files
import Foundation
import HiddenStateCache

/// The heads that a run begins with, `training.initialHeads`: fitted before, or published, in any float type.
struct InitialHeads {
    let heads: AutoDecoHeads<Float>
    /// CRC-32 of their numbers, so that a run is not resumed as one that began with others.
    let fingerprint: String

    /// - Parameter expected: the heads that the configuration asks for, for hidden states as the cache stores them.
    /// - Throws: ``TrainingError`` where they are others; what reading them throws.
    init(path: String, expected: HeadsConfiguration, cache: HiddenStateCache) throws {
        heads = try AutoDecoHeads(folder: URL(fileURLWithPath: path, isDirectory: true))
        let found = heads.configuration
        func refuse(_ sentence: String) -> TrainingError {
            TrainingError(.unsuitableData, "\(path): training.initialHeads \(sentence)")
        }
        if let rank = cache.description.rank, found.hiddenSize == cache.description.hiddenSize, found.hiddenSize != rank
        {
            // What they would predict from a projection alone is not what they predict.
            throw refuse(
                "read the full hidden state of \(counted(found.hiddenSize, "column")), the cache holds "
                    + "\(counted(rank, "principal component")) of it; expected null, or a cache without cache.rank"
            )
        }
        guard found.hiddenSize == expected.hiddenSize else {
            throw refuse(
                "read hidden states of \(counted(found.hiddenSize, "column")), expected \(expected.hiddenSize) as in "
                    + "the cache \(cache.folder.path)"
            )
        }
        do {
            try AutoDecoHeads<Float>.requireVocabulary(
                cache.description.vocabularySize, folder: URL(fileURLWithPath: path, isDirectory: true))
        } catch let error as HeadsFileError {
            throw TrainingError(.unsuitableData, "training.initialHeads: \(error)")
        }
        guard found.heads == expected.heads else {
            throw refuse("are of training.heads \"\(found.heads.rawValue)\", expected \"\(expected.heads.rawValue)\"")
        }
        guard found.enhancedFeatures == expected.enhancedFeatures else {
            throw refuse(
                "were made with training.enhancedFeatures \(found.enhancedFeatures), expected "
                    + "\(expected.enhancedFeatures)"
            )
        }
        var bytes = Data()
        for (_, value) in heads.parameters.named { value.withUnsafeBufferPointer { bytes.append(Data(buffer: $0)) } }
        fingerprint = String(bytes.withUnsafeBytes { CRC32.of($0) }, radix: 16)
    }
}
