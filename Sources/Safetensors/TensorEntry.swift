/// What a file says about one of its tensors.
public struct TensorEntry: Equatable, Sendable {
    /// The tensor's name.
    public let name: String
    /// The type of its numbers.
    public let type: ElementType
    /// Sizes, the last varying fastest; none for a scalar.
    public let shape: [Int]
    /// Where the tensor's bytes lie in the file, counted from the file's first byte.
    public let byteRange: Range<Int>

    /// Number of elements: the product of the shape, 1 for a scalar, 0 where a size is 0.
    public var count: Int { byteRange.count / type.byteWidth * type.blockSize }

    /// An entry of a file, whose bytes are as many as type and shape ask for.
    public init(name: String, type: ElementType, shape: [Int], byteRange: Range<Int>) {
        (self.name, self.type, self.shape, self.byteRange) = (name, type, shape, byteRange)
    }
}

/// A tensor that is yet to be written.
public struct TensorDeclaration: Equatable, Sendable {
    /// The tensor's name.
    public let name: String
    /// The type of its numbers.
    public let type: ElementType
    /// Sizes, the last varying fastest; none for a scalar.
    public let shape: [Int]

    /// A declaration by name, type and shape, outermost dimension first.
    public init(_ name: String, _ type: ElementType, _ shape: [Int]) {
        self.name = name
        self.type = type
        self.shape = shape
    }
}
