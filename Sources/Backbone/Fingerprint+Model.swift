import Files
import Foundation
import GGUF

extension Fingerprint {
    /// A model: the files of its folder, or its GGUF file with all parts.
    ///
    /// - Throws: `FingerprintError` where a file cannot be read.
    public mutating func add(_ name: String, modelAt path: String) throws {
        guard GGUFFile.isOne(at: path) else { return try add(name, model: path) }
        for part in GGUFParts.paths(of: path) {
            try add("\(name)/\(URL(fileURLWithPath: part).lastPathComponent)", contentOf: part)
        }
    }
}
