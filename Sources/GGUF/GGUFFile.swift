import Files
import Foundation
import Safetensors

/// One GGUF file, mapped: its metadata, and its tensors under the names that it gives them.
///
///     4 bytes  "GGUF", then the version in 32 bits
///     8 + 8    numbers of tensors and of metadata
///     metadata key, type, value, one after the other
///     tensors  name, sizes, type, offset, one after the other
///     the rest from the next multiple of the alignment on the tensors' bytes; offsets count from there
///
/// A class because it owns the mapping. Shapes are given outermost first, as everywhere in this package; the file has
/// them the other way round.
public final class GGUFFile: TensorSource, TensorFile {
    public let path: String
    public let storage: FileBytes
    public let metadata: Metadata
    /// In the order of the file.
    public let entries: [TensorEntry]
    private let places: [String: Int]

    /// What a file begins with.
    static let magic = Array("GGUF".utf8)

    /// Maps the file and checks its head.
    ///
    /// - Throws: `FileError`: what was found, what was expected, and at which byte.
    public convenience init(path: String) throws { try self.init(FileBytes(mapping: path), path: path) }

    /// Reads a file's content that is already in memory, and copies it.
    ///
    /// - Parameter name: stands for the path in messages.
    public convenience init(bytes: [UInt8], name: String = "bytes in memory") throws {
        try self.init(FileBytes(copying: bytes), path: name)
    }

    private init(_ storage: FileBytes, path: String) throws {
        var reader = ByteReader(storage.buffer, path: path)
        try Self.readVersion(&reader)
        // A tensor takes at least its name's length, the number of its sizes, type and offset.
        let tensors = try reader.count("tensors", leastBytes: 24)
        // A value takes at least its key's length, its type and one byte.
        let values = try reader.count("metadata", leastBytes: 13)
        metadata = try Metadata(&reader, count: values, storage: storage)
        let directory = try TensorDirectory(&reader, count: tensors, metadata: metadata)
        (self.storage, self.path, entries) = (storage, path, directory.entries)
        places = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
    }

    private static func readVersion(_ reader: inout ByteReader) throws {
        guard reader.bytes.starts(with: magic) else {
            let found = reader.bytes.prefix(4).map { String($0, radix: 16) }.joined(separator: " ")
            throw reader.failure(
                at: 0,
                "found \(found.isEmpty ? "nothing" : "the bytes \(found)"), expected a file that begins with GGUF")
        }
        try reader.skip(4, "the beginning")
        let version = try reader.number("the version", as: UInt32.self)
        guard version.byteSwapped > 0xFFFF || version == 0 else {
            throw reader.failure(at: 4, "found a file for big-endian machines, expected a little-endian one")
        }
        guard version == 3 else { throw reader.failure(at: 4, "found version \(version), expected version 3") }
    }

    public func find(_ name: String) -> StoredTensor? {
        places[name].map { StoredTensor(file: self, entry: entries[$0]) }
    }

    /// Whether a file begins as GGUF does, whatever its name.
    public static func isOne(at path: String) -> Bool {
        var status = stat()
        // A pipe would wait for its writer.
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let file = FileHandle(forReadingAtPath: path)
        else { return false }
        defer { try? file.close() }
        return (try? file.read(upToCount: 4)) == Data(magic)
    }
}
