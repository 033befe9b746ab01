import Foundation

/// A file that appears whole or not at all.
///
/// Bytes go to a temporary name in the same folder; `commit` flushes them to the disk and renames, so that
/// readers, and whoever comes after a power cut, see the old content or the new, never a part. Without
/// `commit`, and after any error, the temporary file is removed and the old file is untouched.
///
/// A symbolic link at the path stays, and what it leads to is replaced. A device, a pipe or a socket is no file that
/// could be replaced: bytes go through it as they come.
///
/// A class because it owns the open file.
public final class AtomicFile {
    /// The path that the file gets with `commit`.
    public let path: String
    private let temporaryPath: String
    /// What is replaced: the path, or where it leads as a link.
    private let target: String
    /// Whether the path is a device, a pipe or a socket, which nothing may replace.
    private let isWrittenThrough: Bool
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
        let kind = Self.kind(of: path)
        // What is no regular file stays what it is: a device or pipe is written through, a link's target is replaced.
        isWrittenThrough = kind != nil && kind != S_IFREG && kind != S_IFDIR
        target = isWrittenThrough ? path : Self.target(of: path)
        if isWrittenThrough {
            temporaryPath = path
            descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure(errno) }
            return
        }
        let url = URL(fileURLWithPath: target)
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
        if isWrittenThrough {
            let closed = close(descriptor)
            descriptor = -1
            guard closed == 0 else { throw failure(errno) }
            return
        }
        guard fsync(descriptor) == 0 else { throw discarding(errno) }
        guard rename(temporaryPath, target) == 0 else { throw discarding(errno) }
        close(descriptor)
        descriptor = -1
        // The name itself is on the disk only when the folder is. Some file systems cannot flush a folder;
        // the content is safe in any case, so this is not an error.
        let folder = open(URL(fileURLWithPath: target).deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    /// Removes the temporary file. Does nothing after `commit`.
    public func discard() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        if !isWrittenThrough { unlink(temporaryPath) }
    }

    /// Writes a whole file in one call.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`; the old file is then untouched.
    public static func write(_ bytes: some ContiguousBytes, to path: String) throws {
        let file = try AtomicFile(path: path)
        try bytes.withUnsafeBytes(file.write)
        try file.commit()
    }

    /// The kind of what a path leads to, as in `st_mode`; nil where nothing is there.
    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// Where a path leads, links followed, also where the last one leads to nothing yet.
    private static func target(of path: String) -> String {
        var target = path
        for _ in 0..<40 {
            guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: target) else { return target }
            let folder = URL(fileURLWithPath: target).deletingLastPathComponent()
            target = next.hasPrefix("/") ? next : folder.appendingPathComponent(next).path
        }
        return path
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
