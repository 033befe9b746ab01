import Files

/// A mapped file with tensors in it, of whatever format.
///
/// A class, because a tensor keeps it, and with it the mapping, alive.
public protocol TensorFile: AnyObject, Sendable {
    /// The file's path.
    var path: String { get }
    /// The mapping.
    var storage: FileBytes { get }
}

extension TensorFile {
    /// Every byte of the file, header included. Valid while this object lives.
    public var bytes: UnsafeRawBufferPointer { storage.buffer }

    /// Gives back the memory of pages that have been touched; they come in again when they are next touched.
    ///
    /// For whoever reads more files than memory should hold. Any thread may read meanwhile.
    public func releasePages() { storage.releasePages() }
}
