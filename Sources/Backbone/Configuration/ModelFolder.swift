import Foundation

/// A model's folder as Hugging Face publishes it; a GGUF file or another one in its place gets a sentence of its own.
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
            throw ModelError(
                .unsupported, "\(url.path): is a \(isGGUF(url) ? "GGUF file, which is not read" : "file"), \(expected)")
        }
        guard !FileManager.default.fileExists(atPath: url.appendingPathComponent("config.json").path),
            let file = try? FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
                .first(where: { isGGUF(url.appendingPathComponent($0)) })
        else { return }
        throw ModelError(.unsupported, "\(url.path): holds the GGUF file \(file), which is not read, \(expected)")
    }

    /// Whether a file begins as GGUF does, whatever its name.
    private static func isGGUF(_ url: URL) -> Bool {
        guard let file = try? FileHandle(forReadingFrom: url) else { return false }
        defer { try? file.close() }
        return (try? file.read(upToCount: 4)) == Data("GGUF".utf8)
    }
}
