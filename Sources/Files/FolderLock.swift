import Foundation

/// A folder that one process works in alone, as long as the lock lives.
///
/// The lock is the system's (`flock` on the folder itself): it leaves no file behind and ends with the process, however
/// that ends. Where a file system has no such locks, nothing is held.
///
/// A class because it owns the open folder.
public final class FolderLock {
    private let descriptor: Int32

    /// Takes the lock, and makes the folder where it is missing.
    ///
    /// - Throws: `FileError` of kind `cannotWrite` where the folder cannot be made, or another process holds it.
    public init(_ folder: URL) throws {
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw FileError(.cannotWrite, file: folder.path, "the folder cannot be made: \(error.localizedDescription)")
        }
        descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
            close(descriptor)
            throw FileError(
                .cannotWrite, file: folder.path,
                "another process works in this folder; wait until it ends, or give another")
        }
    }

    deinit {
        guard descriptor >= 0 else { return }
        // A program that is being started elsewhere holds a copy for a moment, which closing alone would leave locked.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
