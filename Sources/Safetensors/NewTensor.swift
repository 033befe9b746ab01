/// A tensor in memory that is to be written: a declaration and its values.
public struct NewTensor: Sendable {
    /// Name, type and shape.
    public let declaration: TensorDeclaration
    /// Hands the values to a writer; the closure keeps their Swift type out of this one.
    fileprivate let append: @Sendable (SafetensorsWriter) throws -> Void

    /// - Parameters:
    ///   - shape: sizes, the last varying fastest; their product must be the number of values, which is checked
    ///     when the file is written.
    ///   - type: what to store; by default the element type of the values.
    public init<Scalar: StoredScalar>(
        _ name: String, _ shape: [Int], _ values: [Scalar], as type: ElementType = Scalar.elementType
    ) {
        declaration = TensorDeclaration(name, type, shape)
        append = { try $0.append(values, to: name) }
    }

    /// - Parameter bytes: packed little-endian elements of `type`.
    public init(_ name: String, _ shape: [Int], bytes: [UInt8], as type: ElementType) {
        declaration = TensorDeclaration(name, type, shape)
        append = { writer in try bytes.withUnsafeBytes { try writer.append(bytes: $0, to: name) } }
    }
}

extension SafetensorsWriter {
    /// Writes a whole file: to a temporary name, flushed, renamed.
    ///
    /// - Parameters:
    ///   - tensors: laid out in this order.
    ///   - metadata: goes into `__metadata__`. Hugging Face's loaders want `["format": "pt"]` there.
    /// - Throws: `FileError` of kind `cannotWrite` or `unconvertible`; an old file is then untouched.
    public static func write(_ tensors: [NewTensor], metadata: [String: String] = [:], to path: String) throws {
        let writer = try SafetensorsWriter(path: path, tensors: tensors.map(\.declaration), metadata: metadata)
        for tensor in tensors { try tensor.append(writer) }
        try writer.finish()
    }
}
