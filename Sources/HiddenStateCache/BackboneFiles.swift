import Files
import Foundation
import GGUF
import Safetensors

/// The small files of a model that go into a cache's `backbone` folder, so that heads trained on it can be exported and
/// texts read without the model.
enum BackboneFiles {
    static let folder = "backbone"
    static let names = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", fingerprintName,
    ]
    /// Holds the digits that stand for the model's weights.
    static let fingerprintName = "model_fingerprint.txt"

    /// Writes what stands for the model's weights beside the other files.
    static func write(fingerprint: String, to cache: URL) throws {
        let file = cache.appendingPathComponent(folder, isDirectory: true).appendingPathComponent(fingerprintName)
        try AtomicFile.write(Data("\(fingerprint)\n".utf8), to: file.path)
    }

    /// What stands for the weights of a cache's model; nil where nothing does.
    static func fingerprint(in backbone: URL) -> String? {
        guard let data = try? Data(file: backbone.appendingPathComponent(fingerprintName).path) else { return nil }
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return text.count == 16 && text.allSatisfy(\.isHexDigit) ? text : nil
    }

    /// Copies the files that exist; of a GGUF file, writes what its metadata say in their place.
    ///
    /// - Throws: ``CacheError`` where one cannot be read; `FileError` where one cannot be written, and for a GGUF file
    ///   that is malformed.
    static func copy(from model: URL, to cache: URL) throws {
        let target = cache.appendingPathComponent(folder, isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
        } catch {
            throw CacheError(target.path, "the folder cannot be made: \(error.localizedDescription)")
        }
        if GGUFFile.isOne(at: model.path) {
            for (name, content) in try GGUFModel(path: model.path).files() {
                try AtomicFile.write(content, to: target.appendingPathComponent(name).path)
            }
            return
        }
        for name in names {
            let source = model.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: source.path) else { continue }
            let data: Data
            do { data = try Data(file: source.path, limit: Data.largeFile) } catch let error as FileError {
                throw CacheError(source.path, error.reason)
            }
            try AtomicFile.write(data, to: target.appendingPathComponent(name).path)
        }
    }
}
