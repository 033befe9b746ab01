import Foundation

/// A file that appears whole or not at all.
///
/// Bytes go to a temporary name in the same folder; `commit` flushes them to the disk and renames, so that
/// readers, and whoever comes after a power cut, see the old content or the new, never a part. Without
/// `commit`, and after any error, the temporary file is removed and the old file is untouched. A symbolic link
/// at the path is replaced, not followed.
///
/// A class because it owns the open file.
public final class AtomicFile {
    /// The path that the file gets with `commit`.
    public let path: String
    private let temporaryPath: String
    private let writeCall: WriteCall
    /// Negative once committed or discarded.
    private var descriptor: Int32 = -1

    /// The system's `write`, or a stand-in that fails as a full disk would.
    typealias WriteCall = (_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int

    /// Creates the temporary file.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`, where the folder is missing or not writable.
    public convenience init(path: String) throws {
        try self.init(path: path, writeCall: systemWrite)
    }

    init(path: String, writeCall: @escaping WriteCall) throws {
        self.path = path
        self.writeCall = writeCall
        let url = URL(fileURLWithPath: path)
        let folder = url.deletingLastPathComponent().path
        var attempt = 0
        var candidate: String
        var code: Int32 = 0
        repeat {
            candidate = "\(folder)/.\(url.lastPathComponent).\(getpid())-\(attempt).partial"
            descriptor = open(candidate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            code = errno
            attempt += 1
        } while descriptor < 0 && code == EEXIST && attempt < 10_000
        temporaryPath = candidate
        guard descriptor >= 0 else { throw failure(code) }
    }

    deinit { discard() }

    /// Adds bytes at the end.
    ///
    /// - Throws: `FileError` of kind `cannotWrite` (a full disk, …). The file is then discarded.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        precondition(descriptor >= 0, "the file is committed or discarded")
        var rest = bytes
        while let start = rest.baseAddress, !rest.isEmpty {
            let written = writeCall(descriptor, start, rest.count)
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw discarding(written < 0 ? errno : ENOSPC) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
        }
    }

    /// Flushes to the disk and gives the file its name.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`. The file is then discarded.
    public func commit() throws {
        precondition(descriptor >= 0, "the file is committed or discarded")
        guard fsync(descriptor) == 0 else { throw discarding(errno) }
        guard rename(temporaryPath, path) == 0 else { throw discarding(errno) }
        close(descriptor)
        descriptor = -1
        // The name itself is on the disk only when the folder is. Some file systems cannot flush a folder;
        // the content is safe in any case, so this is not an error.
        let folder = open(URL(fileURLWithPath: path).deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    /// Removes the temporary file. Does nothing after `commit`.
    public func discard() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        unlink(temporaryPath)
    }

    /// Writes a whole file in one call.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`; the old file is then untouched.
    public static func write(_ bytes: some ContiguousBytes, to path: String) throws {
        let file = try AtomicFile(path: path)
        try bytes.withUnsafeBytes(file.write)
        try file.commit()
    }

    private func failure(_ code: Int32) -> FileError {
        FileError(.cannotWrite, file: path, "cannot write the file: \(systemReason(code))")
    }

    private func discarding(_ code: Int32) -> FileError {
        discard()
        return failure(code)
    }
}

/// The system's call under a name that the class's own method does not hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
