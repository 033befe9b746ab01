import Files
import Foundation
import Safetensors
import Trajectories

/// What has been sampled, a file for each method and seed, so that nothing is sampled twice.
///
/// A file's name carries what its content depends on, as a number: with other heads, another verifier or another prompt
/// template a run has another name, and files of both stay.
struct RunStore: Sendable {
    let folder: URL

    private struct File<Value: Codable>: Codable {
        var fingerprint: Fingerprint
        var value: Value
    }

    /// Makes the folder.
    init(_ folder: URL) throws {
        self.folder = folder
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            // What a process that was ended while it wrote has left.
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
            where name.hasPrefix(".") && name.hasSuffix(".partial") {
                try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
            }
        } catch {
            throw EvaluationError("\(folder.relativePath): cannot be made or read: \(error.localizedDescription)")
        }
    }

    /// - Returns: nil where it is not there.
    /// - Throws: ``EvaluationError`` for a file that is damaged.
    func load<Value: Codable>(
        _ name: String, _ fingerprint: Fingerprint, as type: Value.Type = Value.self
    ) throws -> Value? {
        let url = url(name, fingerprint)
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        guard let data = try? Data(contentsOf: url),
            let file = try? JSONDecoder().decodeGuarded(File<Value>.self, from: data)
        else {
            throw EvaluationError("\(url.relativePath): cannot be read as a finished run; remove it to sample it again")
        }
        return file.fingerprint == fingerprint ? file.value : nil
    }

    /// Writes a file whole or not at all.
    func save(_ value: some Codable, _ name: String, _ fingerprint: Fingerprint) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(
            encoder.encode(File(fingerprint: fingerprint, value: value)), to: url(name, fingerprint).path)
    }

    private func url(_ name: String, _ fingerprint: Fingerprint) -> URL {
        folder.appendingPathComponent("\(slug(name))-\(digits(fingerprint.text)).json")
    }

    /// Letters, digits and dots, other characters as hyphens.
    private func slug(_ name: String) -> String {
        String(name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "-" })
            .split(separator: "-").joined(separator: "-")
    }

    /// FNV-1a, 64 bits, in hexadecimal.
    private func digits(_ text: String) -> String {
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
