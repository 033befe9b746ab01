import Files
import Foundation
import Safetensors

/// The small files of a model that go into a cache's `backbone` folder, so that heads trained on it can be exported and
/// texts read without the model.
enum BackboneFiles {
    static let folder = "backbone"
    static let names = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"]

    /// Copies the files that exist.
    ///
    /// - Throws: ``CacheError`` where one cannot be read; `FileError` where one cannot be written.
    static func copy(from model: URL, to cache: URL) throws {
        let target = cache.appendingPathComponent(folder, isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
        } catch {
            throw CacheError(target.path, "the folder cannot be made: \(error.localizedDescription)")
        }
        for name in names {
            let source = model.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: source.path) else { continue }
            let data: Data
            do { data = try Data(contentsOf: source) } catch {
                throw CacheError(source.path, "cannot be read: \(error.localizedDescription)")
            }
            try AtomicFile.write(data, to: target.appendingPathComponent(name).path)
        }
    }
}
