import Foundation

/// The bytes of a file, mapped private and read-only, or a copy of bytes from memory.
///
/// A class because it owns the mapping. `@unchecked Sendable` because the bytes are written by nobody
/// between `init` and `deinit`: the mapping is read-only and the copy is private to this object.
/// A file that is shortened while it is mapped is outside of what can be guarded.
public final class FileBytes: @unchecked Sendable {
    /// The bytes, valid as long as this object lives.
    public let buffer: UnsafeRawBufferPointer
    private let isMapped: Bool

    /// Maps the regular file at `path`.
    ///
    /// - Throws: `FileError` of kind `cannotOpen` with the system's reason.
    public init(mapping path: String) throws {
        func failure(_ reason: String) -> FileError {
            FileError(.cannotOpen, file: path, "cannot open the file: \(reason)")
        }
        // Without O_NONBLOCK a named pipe would block here until somebody writes to it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(systemReason(errno)) }
        defer { close(descriptor) }

        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(systemReason(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw failure(status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is not a regular file")
        }
        let size = Int(status.st_size)
        guard size > 0 else {  // The system refuses to map nothing.
            buffer = UnsafeRawBufferPointer(start: nil, count: 0)
            isMapped = false
            return
        }
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw failure(systemReason(errno))
        }
        buffer = UnsafeRawBufferPointer(start: start, count: size)
        isMapped = true
    }

    /// Keeps a copy of `bytes`, aligned as a mapping's start would be for every element type.
    public init(copying bytes: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
        copy.copyBytes(from: bytes)
        buffer = UnsafeRawBufferPointer(copy)
        isMapped = false
    }

    /// Drops a mapping's pages from this process; the bytes themselves stay with the file.
    public func releasePages() {
        guard isMapped else { return }
        madvise(UnsafeMutableRawPointer(mutating: buffer.baseAddress), buffer.count, Int32(MADV_DONTNEED))
    }

    /// Asks the system to read a part of a mapping, without waiting for it.
    public func prefetchPages(_ range: Range<Int>) {
        guard isMapped, !range.isEmpty, let start = buffer.baseAddress else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE))), first = range.lowerBound / page * page
        madvise(UnsafeMutableRawPointer(mutating: start + first), range.upperBound - first, Int32(MADV_WILLNEED))
    }

    deinit {
        if isMapped {
            munmap(UnsafeMutableRawPointer(mutating: buffer.baseAddress), buffer.count)
        } else {
            buffer.deallocate()
        }
    }
}
