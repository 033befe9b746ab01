import Foundation

/// What decides over the bytes of a run's files: names of settings and inputs, and a text for each.
///
/// Two runs with equal fingerprints write equal files, so one may go on where the other was interrupted.
public struct Fingerprint: Sendable, Equatable, Codable {
    /// A text for each name of a setting or an input.
    public private(set) var entries: [String: String] = [:]

    /// A fingerprint without entries.
    public init() {}

    /// A setting, or anything that has a text.
    public mutating func add(_ name: String, _ value: some CustomStringConvertible) {
        entries[name] = value.description
    }

    /// A file's content, as its size and CRC-32.
    ///
    /// - Throws: ``FingerprintError`` where the file cannot be read.
    public mutating func add(_ name: String, contentOf path: String) throws {
        entries[name] = try Self.digest(path)
    }

    /// A model's folder: its weights, configuration and tokenizer.
    public mutating func add(_ name: String, model folder: String) throws {
        let files: [String]
        do { files = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
            throw FingerprintError("\(folder): cannot be read, expected a model's folder")
        }
        for file in files.sorted() where file.hasSuffix(".safetensors") || Self.smallFiles.contains(file) {
            entries["\(name)/\(file)"] = try Self.digest("\(folder)/\(file)")
        }
    }

    /// All entries on one line.
    public var text: String {
        entries.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
    }

    /// Eight hexadecimal digits that stand for all entries.
    public var digits: String {
        let digits = String(Data(text.utf8).withUnsafeBytes(CRC32.of), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// The first entry that differs, in words; nil where none does.
    public func difference(from other: Fingerprint) -> String? {
        let names = Set(entries.keys).union(other.entries.keys).sorted()
        return names.first { entries[$0] != other.entries[$0] }.map { name in
            "\(name) was \(other.entries[name] ?? "absent") there and is \(entries[name] ?? "absent") now"
        }
    }

    private static let smallFiles: Set<String> = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
        "model.safetensors.index.json",
    ]

    private static func digest(_ path: String) throws -> String {
        let data: Data
        do { data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) } catch {
            throw FingerprintError("\(path): cannot be read")
        }
        let digits = String(data.withUnsafeBytes(CRC32.of), radix: 16)
        return "\(data.count) bytes \(String(repeating: "0", count: 8 - digits.count))\(digits)"
    }
}

/// A file that a fingerprint needs and cannot read.
public struct FingerprintError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The sentence that names the file.
    public let description: String

    init(_ description: String) { self.description = description }
}
