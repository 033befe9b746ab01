/// A dense array of `Float` or `Double` in row-major order, with value semantics (copy on write).
///
/// Most operations see a tensor as a matrix: ``columns`` is the size of the last dimension, ``rows`` the product of all
/// others. Shapes that do not fit are mistakes of the program and stop it with a message that names both; what comes
/// from a user's file is checked where it is read.
public struct Tensor<Element: Scalar>: Sendable {
    /// The size of each dimension, outermost first.
    public private(set) var shape: [Int]
    @usableFromInline var storage: Storage<Element>

    /// Number of elements.
    public var count: Int { storage.count }
    /// Size of the last dimension; 1 for a scalar.
    public var columns: Int { shape.last ?? 1 }
    /// Product of all dimensions but the last.
    public var rows: Int { shape.dropLast().reduce(1, *) }

    /// A tensor whose elements `fill` writes, all of them.
    public init(shape: [Int], fill: (UnsafeMutableBufferPointer<Element>) throws -> Void) rethrows {
        require(shape.allSatisfy { $0 >= 0 }, "shape \(shape) has a negative dimension")
        self.shape = shape
        storage = Storage(uninitialized: shape.reduce(1, *))
        try fill(UnsafeMutableBufferPointer(start: storage.pointer, count: storage.count))
    }

    /// A tensor of equal elements.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public init(shape: [Int], repeating value: Element = 0) {
        self.init(shape: shape) { $0.update(repeating: value) }
    }

    /// A tensor of the given elements in row-major order.
    public init(shape: [Int], _ elements: some Collection<Element>) {
        require(
            elements.count == shape.reduce(1, *), "\(elements.count) elements do not fill shape \(shape)")
        self.init(shape: shape) { _ = $0.update(fromContentsOf: elements) }
    }

    /// A tensor over memory that `owner` keeps alive and nobody writes, such as a mapped file; nothing is copied.
    public init(shape: [Int], borrowing buffer: UnsafeBufferPointer<Element>, owner: AnyObject) {
        require(buffer.count == shape.reduce(1, *), "\(buffer.count) elements do not fill shape \(shape)")
        self.shape = shape
        storage = Storage(borrowing: buffer, owner: owner)
    }

    /// The same elements under another shape of the same count.
    public func reshaped(_ shape: [Int]) -> Tensor {
        require(shape.reduce(1, *) == count, "shape \(self.shape) cannot be seen as \(shape)")
        var result = self
        result.shape = shape
        return result
    }

    /// A copy of all elements in row-major order.
    public var elements: [Element] { withUnsafeBufferPointer { Array($0) } }

    /// Element `index` in row-major order.
    public subscript(index: Int) -> Element {
        get {
            require(index >= 0 && index < count, "index \(index) is outside shape \(shape)")
            return storage.pointer[index]
        }
        set {
            require(index >= 0 && index < count, "index \(index) is outside shape \(shape)")
            makeUnique()
            storage.pointer[index] = newValue
        }
    }

    /// Element (row, column) of the tensor, seen as a matrix of ``rows`` × ``columns``.
    public subscript(row: Int, column: Int) -> Element {
        get {
            require(column >= 0 && column < columns, "column \(column) is outside shape \(shape)")
            return self[row * columns + column]
        }
        set {
            require(column >= 0 && column < columns, "column \(column) is outside shape \(shape)")
            self[row * columns + column] = newValue
        }
    }

    /// Calls `body` with the elements in row-major order. The buffer is valid until `body` returns.
    @inlinable
    public func withUnsafeBufferPointer<Result>(
        _ body: (UnsafeBufferPointer<Element>) throws -> Result
    ) rethrows -> Result {
        try withExtendedLifetime(storage) {
            try body(UnsafeBufferPointer(start: storage.pointer, count: storage.count))
        }
    }

    /// Calls `body` with the elements in row-major order, to be changed. The buffer is valid until `body` returns.
    @inlinable
    public mutating func withUnsafeMutableBufferPointer<Result>(
        _ body: (UnsafeMutableBufferPointer<Element>) throws -> Result
    ) rethrows -> Result {
        makeUnique()
        return try withExtendedLifetime(storage) {
            try body(UnsafeMutableBufferPointer(start: storage.pointer, count: storage.count))
        }
    }

    /// The same numbers in the other precision, or the tensor itself.
    public func converted<Other: Scalar>(to type: Other.Type = Other.self) -> Tensor<Other> {
        if let same = self as? Tensor<Other> { return same }
        return Tensor<Other>(shape: shape) { result in
            withUnsafeBufferPointer { x in for i in x.indices { result[i] = Other(x[i]) } }
        }
    }

    /// Gives this tensor another shape and undefined content, to be written in full by the caller. Memory is reused
    /// where there is enough and no other tensor shares it, so that a buffer which is filled again and again is
    /// allocated once.
    public mutating func resize(to shape: [Int]) {
        require(shape.allSatisfy { $0 >= 0 }, "shape \(shape) has a negative dimension")
        let count = shape.reduce(1, *)
        if isKnownUniquelyReferenced(&storage), storage.owner == nil, storage.capacity >= count {
            storage.use(count)
        } else {
            storage = Storage(uninitialized: count)
        }
        self.shape = shape
    }

    @inlinable
    mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&storage) || storage.owner != nil { storage = storage.copy() }
    }
}

extension Tensor: Equatable {
    /// Whether two tensors have the same shape and equal elements; NaN equals nothing.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public static func == (a: Tensor, b: Tensor) -> Bool {
        a.shape == b.shape && withPointers(to: a, b) { x, y in (0..<a.count).allSatisfy { x[$0] == y[$0] } }
    }
}
