import Files
import Foundation
import Safetensors

/// A GGUF model in one file, or split into parts as llama.cpp's gguf-split names them: `model-00001-of-00003.gguf`.
///
/// All parts are mapped and checked at once: a model that opens is complete. The first has the metadata.
public struct GGUFParts: TensorSource {
    /// The first part.
    public let path: String
    public let metadata: Metadata
    public let entries: [TensorEntry]
    private let files: [GGUFFile]
    /// Which file has a tensor.
    private let places: [String: Int]

    private static let countKey = "split.count", numberKey = "split.no", tensorsKey = "split.tensors.count"
    private static let mostParts = 9_999

    /// - Throws: `FileError` for a file that is malformed, a part that is missing or of another model, and where the
    ///   path is not the first part's.
    public init(path: String) throws {
        let first = try GGUFFile(path: path),
            count = try first.metadata.integer(
                Self.countKey, in: 0...Self.mostParts, default: 1)
        let number = try first.metadata.integer(Self.numberKey, in: 0...Self.mostParts, default: 0)
        var files = [first]
        if count > 1 {
            guard let name = PartName(path), name.count == count, name.number == number + 1 else {
                throw FileError(
                    .malformed, file: path,
                    "found part \(number + 1) of \(count), expected a name that says so, such as "
                        + "model-00001-of-0000\(min(count, 9)).gguf")
            }
            guard number == 0 else {
                throw FileError(
                    .malformed, file: path,
                    "found part \(number + 1) of \(count), expected the first: \(name.path(1))")
            }
            for part in 2...count { files.append(try Self.part(part, of: name)) }
        }
        var entries: [TensorEntry] = [], places: [String: Int] = [:]
        for (index, file) in files.enumerated() {
            for entry in file.entries {
                guard places.updateValue(index, forKey: entry.name) == nil else {
                    throw FileError(
                        .malformed, file: file.path,
                        "found tensor \(quoted(entry.name)), which another part has, too, expected it only once")
                }
                entries.append(entry)
            }
        }
        let expected = try first.metadata.integer(Self.tensorsKey, in: 0...Int(Int32.max), default: entries.count)
        guard entries.count == expected else {
            throw first.metadata.failure(
                Self.tensorsKey, found: "\(expected)", expected: "\(entries.count), the tensors of all parts")
        }
        (self.path, metadata) = (path, first.metadata)
        (self.files, self.entries, self.places) = (files, entries, places)
    }

    private static func part(_ number: Int, of name: PartName) throws -> GGUFFile {
        let file = try GGUFFile(path: name.path(number))
        let found = try file.metadata.integer(numberKey, in: 0...mostParts)
        guard try file.metadata.integer(countKey, in: 0...mostParts) == name.count, found == number - 1 else {
            throw file.metadata.failure(
                numberKey, found: "part \(found + 1)", expected: "part \(number) of \(name.count), as its name says")
        }
        return file
    }

    public func find(_ name: String) -> StoredTensor? { places[name].flatMap { files[$0].find(name) } }

    /// The paths of all parts of a model, by the name of the first: those that are there.
    public static func paths(of path: String) -> [String] {
        guard let name = PartName(path), name.count <= mostParts, name.count > 1 else { return [path] }
        return (1...name.count).map(name.path).filter { FileManager.default.fileExists(atPath: $0) || $0 == path }
    }
}

/// `stem-00002-of-00003.gguf`, taken apart.
private struct PartName {
    let stem: String
    let number: Int, count: Int

    init?(_ path: String) {
        guard let match = path.wholeMatch(of: #/(.*)-([0-9]{5})-of-([0-9]{5})\.gguf/#.dotMatchesNewlines()),
            let number = Int(match.2), let count = Int(match.3), number >= 1, number <= count
        else { return nil }
        (stem, self.number, self.count) = (String(match.1), number, count)
    }

    func path(_ number: Int) -> String {
        func digits(_ number: Int) -> String { String(("0000" + String(number)).suffix(5)) }
        return "\(stem)-\(digits(number))-of-\(digits(count)).gguf"
    }
}
