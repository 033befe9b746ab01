import Files
import Foundation

/// A folder with a model's tensors: one `model.safetensors`, or shards that `model.safetensors.index.json` lists.
///
/// Where both are there the single file is taken, as Hugging Face's loaders do. All files are mapped and checked
/// at once: a checkpoint that opens is complete.
public struct Checkpoint: TensorSource {
    /// The folder.
    public let path: String
    /// Of a single file, in the order of its bytes; of shards, in the order of the index.
    public let entries: [TensorEntry]

    private let files: [String: SafetensorsFile]
    /// The file of each tensor, as a key of `files`.
    private let places: [String: String]

    /// The file of a checkpoint that has only one.
    public static let singleName = "model.safetensors"
    /// Which tensor is in which file, where there are several.
    public static let indexName = "model.safetensors.index.json"

    /// - Throws: `FileError`: `cannotOpen` where neither file is there or a shard is missing; `malformed`
    ///   where a file is, where the index names a place outside of the folder, or a shard lacks a tensor of the index.
    public init(folder: String) throws {
        func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(name)") }

        path = folder
        if exists(Self.singleName) {
            let file = try SafetensorsFile(path: "\(folder)/\(Self.singleName)")
            files = [Self.singleName: file]
            places = Dictionary(uniqueKeysWithValues: file.names.map { ($0, Self.singleName) })
            entries = file.entries
            return
        }
        guard exists(Self.indexName) else {
            throw FileError(
                .cannotOpen, file: folder,
                "found neither \(Self.singleName) nor \(Self.indexName) in the folder, expected one of them")
        }
        let indexPath = "\(folder)/\(Self.indexName)"
        var files: [String: SafetensorsFile] = [:]
        var places: [String: String] = [:]
        var entries: [TensorEntry] = []
        for row in try Self.readIndex(indexPath) {
            func failure(_ kind: FileError.Kind, _ reason: String) -> FileError {
                FileError(kind, file: indexPath, byte: row.byte, reason)
            }
            let shard: SafetensorsFile
            if let open = files[row.shard] {
                shard = open
            } else {
                guard Self.staysInside(row.shard) else {
                    throw failure(
                        .malformed, "found the shard \(quoted(row.shard)), expected a file inside of the folder")
                }
                guard exists(row.shard) else {
                    throw failure(
                        .cannotOpen,
                        "found no file \(quoted(row.shard)) in the folder, expected the shard with tensor "
                            + "\(quoted(row.tensor))"
                    )
                }
                shard = try SafetensorsFile(path: "\(folder)/\(row.shard)")
                files[row.shard] = shard
            }
            guard let tensor = shard.find(row.tensor) else {
                throw failure(
                    .malformed, "found no tensor \(quoted(row.tensor)) in \(quoted(row.shard)), expected it there")
            }
            places[row.tensor] = row.shard
            entries.append(tensor.entry)
        }
        (self.files, self.places, self.entries) = (files, places, entries)
    }

    /// The tensor of this name; nil where there is none.
    public func find(_ name: String) -> StoredTensor? {
        places[name].flatMap { files[$0]?.find(name) }
    }

    /// The files, in the order of their names; tensors that the index does not list are not among theirs.
    public var shards: [Shard] {
        files.sorted { $0.key < $1.key }.map { name, file in
            Shard(
                name: name, metadata: file.metadata,
                tensors: file.entries.compactMap { places[$0.name] == name ? file.find($0.name) : nil })
        }
    }

    /// The rows of `weight_map`: {"metadata": …, "weight_map": {"tensor": "shard", …}}; the rest is skipped.
    private static func readIndex(_ path: String) throws -> [(tensor: String, shard: String, byte: Int)] {
        let text = try FileBytes(mapping: path)
        var scanner = JSONScanner(text.buffer, file: path, origin: 0)
        var rows: [(tensor: String, shard: String, byte: Int)]?
        try scanner.object("the index") { scanner, key, _ in
            guard key == "weight_map" else { return try scanner.skipValue() }
            var found: [(tensor: String, shard: String, byte: Int)] = []
            try scanner.object("weight_map") { scanner, tensor, _ in
                let byte = scanner.nextPosition()
                found.append((tensor, try scanner.string("the shard of tensor \(quoted(tensor))"), byte))
            }
            rows = found
        }
        try scanner.end()
        withExtendedLifetime(text) {}
        guard let rows else { throw scanner.failure("found an index without weight_map, expected it") }
        return rows
    }

    private static func staysInside(_ shard: String) -> Bool {
        let parts = shard.split(separator: "/", omittingEmptySubsequences: false)
        return !shard.contains("\0") && parts.allSatisfy { !$0.isEmpty && $0 != ".." && $0 != "." }
    }
}
