import Foundation
import GGUF
import MergedCheckpoint
import Safetensors

/// Where a model lies: a folder as Hugging Face publishes it, or a GGUF file, of a split one the first part.
public enum ModelSource: Sendable {
    case folder(URL)
    case gguf(GGUFModel)

    /// - Throws: `ModelError` for a path that is neither; `FileError` for a GGUF file that is malformed or of an
    ///   architecture that is not known.
    public init(_ url: URL) throws {
        if GGUFFile.isOne(at: url.path) {
            self = .gguf(try GGUFModel(path: url.path))
        } else {
            try ModelFolder.require(url)
            self = .folder(url)
        }
    }

    /// What config.json and generation_config.json say; of a GGUF file what its metadata say in their place.
    ///
    /// - Throws: `ModelError` that names the file, the key, what was found and what was expected; `FileError`.
    public func configuration() throws -> ModelConfiguration {
        switch self {
        case .folder(let url): try ModelConfiguration(file: url.appendingPathComponent("config.json"))
        case .gguf(let model):
            try ModelConfiguration(
                ConfigurationObject(model.configuration(), file: model.path),
                generation: ConfigurationObject(model.generation(), file: model.path))
        }
    }

    /// The backbone's tensors, under Hugging Face's names.
    ///
    /// - Throws: `ModelError` for a folder that holds heads alone; `FileError` for files that are missing or damaged.
    public func checkpoint() throws -> any TensorSource {
        let url: URL
        switch self {
        case .folder(let folder): url = folder
        case .gguf(let model): return model
        }
        let checkpoint = try Checkpoint(folder: url.path)
        let file = try ConfigurationObject(file: url.appendingPathComponent("config.json"))
        guard try file.string("model_type", default: "") == MergedLayout.modelType else { return checkpoint }
        let backbone = PrefixedTensors(checkpoint, prefix: MergedLayout.backbonePrefix)
        guard !backbone.entries.isEmpty else {
            throw ModelError(
                .malformed, "\(url.path): holds heads alone, expected a model, or a model merged with heads")
        }
        return backbone
    }
}
