import Files
import Foundation

extension Checkpoint {
    /// One file of a checkpoint.
    public struct Shard: Sendable {
        /// Name in the checkpoint's folder.
        public let name: String
        /// The entries of the file's `__metadata__`.
        public let metadata: [String: String]
        /// Those that belong to the checkpoint, in the order of their bytes.
        public let tensors: [StoredTensor]

        /// Bytes of all tensors.
        public var byteCount: Int { tensors.reduce(0) { $0 + $1.entry.byteRange.count } }
    }

    /// A tensor that is to be written into a shard, by what it is called and where its bytes come from.
    public struct ShardContent: Sendable {
        /// The name that the tensor gets.
        public let name: String
        /// The tensor whose type, shape and bytes are written.
        public let tensor: StoredTensor

        /// A tensor under another name, or under its own.
        public init(_ tensor: StoredTensor, name: String? = nil) {
            (self.tensor, self.name) = (tensor, name ?? tensor.name)
        }

        fileprivate var declaration: TensorDeclaration { TensorDeclaration(name, tensor.type, tensor.shape) }
    }

    /// Copied at a time; bounds the memory that mapped files take meanwhile.
    private static let pieceBytes = 16 << 20

    /// Writes a shard, its tensors copied piece by piece.
    ///
    /// Tensors of wide types come first, in their order otherwise, so that each lies at a multiple of its width: some
    /// readers demand it.
    ///
    /// - Parameter didCopy: gets the bytes of each piece; what it throws ends the writing, and leaves no file.
    /// - Throws: `FileError` of kind `cannotWrite`.
    public static func write(
        _ contents: [ShardContent], metadata: [String: String], to path: String,
        didCopy: (Int) throws -> Void = { _ in }
    ) throws {
        let widths = Set(contents.map(\.tensor.type.byteWidth)).sorted(by: >)
        let ordered = widths.flatMap { width in contents.filter { $0.tensor.type.byteWidth == width } }
        let writer = try SafetensorsWriter(path: path, tensors: ordered.map(\.declaration), metadata: metadata)
        for content in ordered {
            let tensor = content.tensor, bytes = tensor.bytes
            for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
                let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + pieceBytes)])
                try writer.append(bytes: piece, to: content.name)
                tensor.file.releasePages()
                try didCopy(piece.count)
            }
        }
        try writer.finish()
    }

    /// `model.safetensors.index.json` of shards: which tensor is in which file, and the size of all.
    ///
    /// - Parameter shards: names of files with their tensors.
    public static func writeIndex(of shards: [(name: String, contents: [ShardContent])], toFolder folder: URL) throws {
        var rows: [(tensor: String, shard: String)] = [], size = 0
        for shard in shards {
            for content in shard.contents {
                rows.append((content.name, shard.name))
                size += content.tensor.entry.byteRange.count
            }
        }
        let map = rows.sorted { $0.tensor < $1.tensor }.map {
            "    \(JSONMembers.quote($0.tensor)): \(JSONMembers.quote($0.shard))"
        }
        let text =
            "{\n  \"metadata\": {\n    \"total_size\": \(size)\n  },\n  \"weight_map\": "
            + "{\n\(map.joined(separator: ",\n"))\n  }\n}\n"
        try AtomicFile.write(Data(text.utf8), to: folder.appendingPathComponent(indexName).path)
    }
}
