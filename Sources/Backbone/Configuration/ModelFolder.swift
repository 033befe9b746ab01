import Foundation
import GGUF

/// A model's folder as Hugging Face publishes it; a file in its place, or a folder around one, gets a sentence of its
/// own.
public enum ModelFolder {
    /// - Throws: ``ModelError`` for a path that is a file, and for a folder with GGUF files and no config.json.
    public static func require(_ url: URL) throws {
        var isFolder: ObjCBool = false
        // What is not there at all is told of by whoever reads it.
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { return }
        let expected =
            "expected the model's folder as Hugging Face publishes it: config.json, safetensors files and "
            + "tokenizer.json"
        guard isFolder.boolValue else {
            let isGGUF = GGUFFile.isOne(at: url.path)
            throw ModelError(.unsupported, "\(url.path): is a \(isGGUF ? "GGUF file" : "file"), \(expected)")
        }
        guard !FileManager.default.fileExists(atPath: url.appendingPathComponent("config.json").path),
            let file = try? FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
                .first(where: { GGUFFile.isOne(at: url.appendingPathComponent($0).path) })
        else { return }
        throw ModelError(.unsupported, "\(url.path): holds the GGUF file \(file), \(expected); or name that file")
    }
}
