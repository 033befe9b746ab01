import Files
import Foundation

/// A safetensors file, mapped into memory: opening reads the header alone, and pages of tensors come in when
/// they are touched.
///
/// A class because it owns the mapping, which lives as long as the file object or any `StoredTensor` of it.
/// The file must not be shortened meanwhile; files that are replaced by a rename, as `SafetensorsWriter`
/// does it, stay whole for those who have them open.
public final class SafetensorsFile: TensorSource, TensorFile {
    /// The file's path.
    public let path: String
    /// The header's `__metadata__`; empty where there is none.
    public let metadata: [String: String]
    /// In the order of their bytes.
    public let entries: [TensorEntry]

    /// The mapping.
    public let storage: FileBytes
    private let places: [String: Int]

    /// Maps the file and checks its header.
    ///
    /// - Throws: `FileError` of kind `cannotOpen` or `malformed`.
    public convenience init(path: String) throws {
        try self.init(FileBytes(mapping: path), path: path)
    }

    /// Maps the file and checks its header.
    ///
    /// - Throws: `FileError` of kind `cannotOpen` or `malformed`.
    public convenience init(url: URL) throws {
        try self.init(path: url.path)
    }

    /// Reads a file's content that is already in memory, and copies it.
    ///
    /// - Parameter name: stands for the path in messages.
    public convenience init(bytes: [UInt8], name: String = "bytes in memory") throws {
        try self.init(FileBytes(copying: bytes), path: name)
    }

    private init(_ storage: FileBytes, path: String) throws {
        let header = try Header(of: storage.buffer, path: path)
        self.path = path
        self.storage = storage
        metadata = header.metadata
        entries = header.entries
        places = Dictionary(uniqueKeysWithValues: header.entries.enumerated().map { ($1.name, $0) })
    }

    /// The tensor of this name; nil where there is none.
    public func find(_ name: String) -> StoredTensor? {
        places[name].map { StoredTensor(file: self, entry: entries[$0]) }
    }
}
