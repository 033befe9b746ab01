/// Calls `body` with pointers to the elements of several tensors, which live until it returns: a kernel's door.
///
/// Sizes are checked before it; inside, pointers know none.
@inlinable
public func withPointers<each Element: Scalar, Result>(
    to tensors: repeat Tensor<each Element>, body: (repeat UnsafePointer<each Element>) throws -> Result
) rethrows -> Result {
    defer { withExtendedLifetime((repeat each tensors)) {} }
    return try body(repeat (each tensors).readPointer)
}

extension Tensor {
    @usableFromInline
    var readPointer: UnsafePointer<Element> { UnsafePointer(storage.pointer) }

    /// A pointer to the elements, which no other tensor shares from here on.
    ///
    /// It is valid until this tensor is written in another way, copied or released: take it at a kernel's door, and use
    /// the tensor itself again behind the kernel.
    public mutating func mutablePointer() -> UnsafeMutablePointer<Element> {
        makeUnique()
        return storage.pointer
    }
}
