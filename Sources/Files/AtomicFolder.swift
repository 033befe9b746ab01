import Foundation

/// A folder that appears whole or not at all.
///
/// Files go to a hidden folder beside it; `commit` flushes that folder and gives it its name. Without `commit`, and
/// after any error, it is removed. What a killed process has left is removed by the next one that makes the same
/// folder; two that work at once do not meddle with each other, the second is refused.
///
/// A class because it owns the hidden folder.
public final class AtomicFolder {
    /// The folder that is to appear.
    public let url: URL
    /// Where its files go until then.
    public let workplace: URL
    private let lock: FolderLock
    private var isOver = false

    /// Makes the hidden folder.
    ///
    /// - Throws: `FileError` of kind `cannotWrite` where something has the name already, another process makes the same
    ///   folder, or the disk does not allow it.
    public init(_ url: URL) throws {
        let url = url.standardizedFileURL
        var status = stat()
        guard lstat(url.path, &status) != 0 else {
            throw FileError(
                .cannotWrite, file: url.path,
                "found a file or folder of this name, expected none; remove it or give another")
        }
        self.url = url
        workplace = url.deletingLastPathComponent().appendingPathComponent(
            ".\(url.lastPathComponent).partial", isDirectory: true)
        lock = try FolderLock(workplace)
        do {
            for name in try FileManager.default.contentsOfDirectory(atPath: workplace.path) {
                try FileManager.default.removeItem(at: workplace.appendingPathComponent(name))
            }
        } catch {
            throw FileError(.cannotWrite, file: workplace.path, "cannot be emptied: \(error.localizedDescription)")
        }
    }

    deinit { discard() }

    /// Sees that the disk has room.
    ///
    /// - Throws: `FileError` of kind `cannotWrite` with the room found and needed; where the system does not say,
    ///   nothing.
    public func requireRoom(_ byteCount: Int) throws {
        var status = statvfs()
        guard statvfs(workplace.path, &status) == 0 else { return }
        let room = Int(status.f_bavail) * Int(status.f_frsize)
        guard room >= byteCount else {
            throw FileError(
                .cannotWrite, file: url.path, "the disk has room for \(room) bytes, expected at least \(byteCount)")
        }
    }

    /// Flushes the folder and gives it its name.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`; the folder is then discarded.
    public func commit() throws {
        precondition(!isOver, "the folder is committed or discarded")
        Self.flush(workplace)
        guard rename(workplace.path, url.path) == 0 else {
            let code = errno
            discard()
            throw FileError(.cannotWrite, file: url.path, "cannot make the folder: \(systemReason(code))")
        }
        isOver = true
        Self.flush(url.deletingLastPathComponent())
    }

    /// Removes what was written. Does nothing after `commit`.
    public func discard() {
        guard !isOver else { return }
        isOver = true
        try? FileManager.default.removeItem(at: workplace)
    }

    /// Some file systems cannot flush a folder; the files in it are flushed in any case.
    private static func flush(_ folder: URL) {
        let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
