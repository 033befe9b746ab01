/// Calls `body` with a pointer to the elements of each of several tensors: a kernel's door.
///
/// The pointers are valid until `body` returns. They know no sizes, so sizes are checked before the door; they are
/// never nil, even where a tensor is empty.
@inlinable @inline(__always)
public func withPointers<each Element: Scalar, Result>(
    to tensors: repeat Tensor<each Element>, body: (repeat UnsafePointer<each Element>) throws -> Result
) rethrows -> Result {
    defer { withExtendedLifetime((repeat each tensors)) {} }
    return try body(repeat (each tensors).readPointer)
}

extension Tensor {
    @inlinable
    var readPointer: UnsafePointer<Element> { UnsafePointer(storage.pointer) }

    /// A pointer to the elements of this tensor, which no other tensor shares from here on.
    ///
    /// It is valid until this tensor is written in another way, copied or released: take it at a kernel's door, and use
    /// the tensor itself again behind the kernel.
    @inlinable
    public mutating func mutablePointer() -> UnsafeMutablePointer<Element> {
        makeUnique()
        return storage.pointer
    }
}
