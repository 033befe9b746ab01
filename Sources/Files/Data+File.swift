import Foundation

extension Data {
    /// The most that a small file may hold, such as a model's configuration: 64 MiB.
    public static let smallFile = 64 << 20
    /// The most that a file with a vocabulary, problems or results may hold: 1 GiB.
    public static let largeFile = 1 << 30

    /// Reads a whole file into memory; a device or a pipe until it ends.
    ///
    /// - Parameters:
    ///   - path: the file's.
    ///   - limit: the most bytes that are taken.
    /// - Throws: `FileError` of kind `cannotOpen` with the system's reason, and of kind `malformed` for a file that
    ///   holds more, and for a Git LFS pointer.
    public init(file path: String, limit: Int = smallFile) throws {
        func failure(_ reason: String) -> FileError {
            FileError(.cannotOpen, file: path, "cannot be read: \(reason)")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(systemReason(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(systemReason(errno)) }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw failure("it is a folder") }

        var bytes = [UInt8](repeating: 0, count: Swift.max(1 << 12, Swift.min(Int(status.st_size), limit) + 1))
        var count = 0
        while true {
            if count == bytes.count { bytes += [UInt8](repeating: 0, count: Swift.min(count, limit + 1 - count)) }
            let room = bytes.count - count
            let got = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress?.advanced(by: count), room) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw failure(systemReason(errno)) }
            if got == 0 { break }
            count += got
            guard count <= limit else {
                throw FileError(.malformed, file: path, "holds more than \(limit) bytes, expected at most that many")
            }
        }
        bytes.removeLast(bytes.count - count)
        try bytes.withUnsafeBytes { try GitLFSPointer.refuse($0, file: path) }
        self.init(bytes)
    }
}
