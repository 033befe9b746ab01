/// Memory of a tensor: aligned to 64 bytes (one cache line, one widest vector), owned by the object.
///
/// A class because tensors share it until one of them writes (copy on write). `@unchecked Sendable`: a storage is
/// written only through a tensor that holds its single reference.
@usableFromInline
final class Storage<Element: Scalar>: @unchecked Sendable {
    @usableFromInline let pointer: UnsafeMutablePointer<Element>
    /// Number of elements in use, at most `capacity`.
    @usableFromInline private(set) var count: Int
    let capacity: Int
    /// Keeps memory alive that this storage only borrows, such as a mapped file; nil where it owns its memory.
    @usableFromInline let owner: AnyObject?
    /// Where the memory goes back to; nil where it goes back to the system.
    private let pool: TensorPool?

    /// Memory with undefined content, to be written in full by the caller.
    init(uninitialized count: Int) {
        let byteCount = max(count, 1) * MemoryLayout<Element>.stride
        pool = TensorPool.current
        let raw = pool?.take(byteCount) ?? TensorPool.allocate(byteCount)
        pointer = raw.bindMemory(to: Element.self, capacity: max(count, 1))
        self.count = count
        capacity = count
        owner = nil
    }

    /// Memory of someone else, which is only read: tensors copy it before they write.
    init(borrowing buffer: UnsafeBufferPointer<Element>, owner: AnyObject) {
        pointer = UnsafeMutablePointer(mutating: buffer.baseAddress ?? UnsafePointer(bitPattern: 64)!)
        count = buffer.count
        capacity = buffer.count
        self.owner = owner
        pool = nil
    }

    deinit {
        guard owner == nil else { return }
        if let pool {
            pool.giveBack(pointer, max(capacity, 1) * MemoryLayout<Element>.stride)
        } else {
            pointer.deallocate()
        }
    }

    /// Uses so many elements of memory that is large enough; to be called by its only holder.
    func use(_ count: Int) { self.count = count }

    @usableFromInline
    func copy() -> Storage {
        let copy = Storage(uninitialized: count)
        copy.pointer.initialize(from: pointer, count: count)
        return copy
    }
}
