/// What Git leaves in the place of a large file that has not been fetched: a few lines of text.
///
///     version https://git-lfs.github.com/spec/v1
///     oid sha256:4d7a2146…
///     size 12345
public struct GitLFSPointer: Equatable, Sendable {
    /// Size of the file that it stands for, in bytes; nil where the text does not say.
    public let byteCount: Int?

    /// The longest text that Git's extension takes for a pointer.
    private static let longest = 1024
    private static let beginning = Array("version https://git-lfs.github.com/spec/".utf8)

    /// - Parameter bytes: a whole file's.
    /// - Returns: nil where they are something else.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= Self.longest, bytes.starts(with: Self.beginning) else { return nil }
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        byteCount = lines.first { $0.hasPrefix("size ") }.flatMap { Int($0.dropFirst(5)) }
    }

    /// The sentence without the file's name: what was found, what was expected and what to do.
    public var words: String {
        "found a Git LFS pointer, expected the file itself\(byteCount.map { " of \($0) bytes" } ?? ""); "
            + "fetch it with git lfs pull"
    }

    /// Refuses a pointer.
    ///
    /// - Throws: `FileError` of kind `malformed` with the pointer's words.
    public static func refuse(_ bytes: UnsafeRawBufferPointer, file: String) throws {
        if let pointer = GitLFSPointer(bytes) { throw FileError(.malformed, file: file, pointer.words) }
    }
}
