import Backbone
import Foundation
import GGUF
import Tokenizers

extension Tokenizer {
    /// The tokenizer of a model: the files of its folder, or what a GGUF file says in its metadata.
    ///
    /// - Throws: `ModelError` for a path that is neither and for a GGUF file without a vocabulary; `FileError`;
    ///   `TokenizerError`.
    public init(model url: URL) throws {
        switch try ModelSource(url) {
        case .folder(let folder): try self.init(directory: folder)
        case .gguf(let model):
            guard let tokenizer = try Tokenizer(model) else {
                throw ModelError(.malformed, "\(model.path): found no vocabulary in the metadata, expected a tokenizer")
            }
            self = tokenizer
        }
    }

    /// The tokenizer of a model; nil where it has none.
    ///
    /// - Throws: as `init(model:)`.
    public init?(ofModel url: URL) throws {
        switch try ModelSource(url) {
        case .folder(let folder):
            guard FileManager.default.fileExists(atPath: folder.appendingPathComponent("tokenizer.json").path) else {
                return nil
            }
            try self.init(directory: folder)
        case .gguf(let model):
            guard let tokenizer = try Tokenizer(model) else { return nil }
            self = tokenizer
        }
    }

    private init?(_ model: GGUFModel) throws {
        guard let files = try model.tokenizer() else { return nil }
        let name = URL(fileURLWithPath: model.path).lastPathComponent
        try self.init(json: files.document, configuration: files.configuration, file: name)
    }
}
