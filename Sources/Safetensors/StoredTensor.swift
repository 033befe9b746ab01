import Files

/// One tensor of a file: its description and a view of its bytes, nothing copied.
///
/// It keeps the file open.
public struct StoredTensor: Sendable {
    /// The file that holds the bytes.
    public let file: any TensorFile
    /// Name, type, shape and place in the file.
    public let entry: TensorEntry

    /// The tensor's name.
    public var name: String { entry.name }
    /// The type of its numbers.
    public var type: ElementType { entry.type }
    /// Sizes, the last varying fastest; none for a scalar.
    public var shape: [Int] { entry.shape }
    /// Number of elements.
    public var count: Int { entry.count }

    /// The packed little-endian elements as they are in the file, not necessarily aligned.
    ///
    /// Valid while `file` lives: whoever keeps the pointer keeps the file, or the tensor, in a variable.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: file.bytes[entry.byteRange]) }

    /// A tensor of a file, by its place there.
    public init(file: any TensorFile, entry: TensorEntry) { (self.file, self.entry) = (file, entry) }

    /// Reads the elements in place, where the stored type is the very same and the bytes happen to be aligned for
    /// it (the format promises no alignment).
    ///
    /// - Parameter body: gets the elements; the pointer is valid during the call.
    /// - Returns: what `body` returns, or nil where the elements must be copied with `values` or `copy`.
    public func withMapped<Scalar: StoredScalar, Result>(
        as scalar: Scalar.Type, _ body: (UnsafeBufferPointer<Scalar>) throws -> Result
    ) rethrows -> Result? {
        try withExtendedLifetime(file) {
            let bytes = bytes
            let isAligned = Int(bitPattern: bytes.baseAddress) % MemoryLayout<Scalar>.alignment == 0
            guard Scalar.elementType == type, isAligned else { return nil }
            return try body(bytes.assumingMemoryBound(to: Scalar.self))
        }
    }

    /// All elements, converted.
    ///
    /// - Throws: `FileError` of kind `unconvertible` for a type that is only carried, and for an element
    ///   that the integer type asked for cannot hold.
    public func values<Scalar: StoredScalar>(as scalar: Scalar.Type) throws -> [Scalar] {
        try [Scalar](unsafeUninitializedCapacity: count) { buffer, initialized in
            try copy(0..<count, into: buffer)
            initialized = count
        }
    }

    /// Some elements, converted: panels of a big tensor are read piece by piece.
    ///
    /// - Parameters:
    ///   - range: which elements, counted along the packed tensor; inside of 0..<count. Rows a to b of a matrix
    ///     [rows, columns] are a·columns ..< b·columns.
    ///   - destination: room for at least as many elements; the first ones are filled.
    /// - Throws: as `values(as:)` does. The destination then holds nothing of use.
    public func copy<Scalar: StoredScalar>(
        _ range: Range<Int>, into destination: UnsafeMutableBufferPointer<Scalar>
    ) throws {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range leaves the tensor")
        precondition(range.count <= destination.count, "the destination is too small")
        guard type.isConvertible else { throw unconvertible(to: Scalar.self) }
        guard !range.isEmpty, let source = bytes.baseAddress, let target = destination.baseAddress else { return }
        let start = source + range.lowerBound * type.byteWidth
        switch Scalar.decode(start, range.count, from: type, into: target) {
        case nil: return
        case .types: throw unconvertible(to: Scalar.self)
        case .element(let offset):
            let index = range.lowerBound + offset
            throw FileError(
                .unconvertible, file: file.path, byte: entry.byteRange.lowerBound + index * type.byteWidth,
                "found \(text(of: start + offset * type.byteWidth)) as element \(index) of tensor \(quoted(name)), "
                    + "expected a whole number that fits \(Scalar.self)")
        }
    }

    /// Some rows of a matrix, nothing copied: its packed bytes from the first of them on.
    ///
    /// - Parameter range: which rows, inside of 0..<shape[0].
    public func rows(_ range: Range<Int>) -> StoredTensor {
        let height = shape.first ?? 0
        precondition(range.lowerBound >= 0 && range.upperBound <= height, "the rows leave the tensor")
        let width = height == 0 ? 0 : entry.byteRange.count / height, start = entry.byteRange.lowerBound
        return StoredTensor(
            file: file,
            entry: TensorEntry(
                name: name, type: type, shape: [range.count] + shape.dropFirst(),
                byteRange: start + range.lowerBound * width..<start + range.upperBound * width))
    }

    /// Asks the system to read some elements from the disk, without waiting for it: for whoever knows what comes next.
    ///
    /// - Parameter range: which elements, inside of 0..<count.
    public func prefetch(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range leaves the tensor")
        let start = entry.byteRange.lowerBound, width = type.byteWidth
        file.storage.prefetchPages(start + range.lowerBound * width..<start + range.upperBound * width)
    }

    private func unconvertible(to scalar: Any.Type) -> FileError {
        FileError(
            .unconvertible, file: file.path, byte: entry.byteRange.lowerBound,
            "found tensor \(quoted(name)) with the type \(type.rawValue), expected one that converts to \(scalar)")
    }

    /// One element of a convertible type in words.
    private func text(of element: UnsafeRawPointer) -> String {
        if type == .i64 { return String(element.loadUnaligned(as: Int64.self)) }
        var value = 0.0
        _ = Double.decode(element, 1, from: type, into: &value)
        return String(value)
    }
}
