import Files

/// Tensors by name: a file, or a checkpoint of several.
public protocol TensorSource: Sendable {
    /// The path that was opened, for messages.
    var path: String { get }

    /// All tensors; a file gives them in the order of their bytes.
    var entries: [TensorEntry] { get }

    /// The tensor of this name, or nil.
    func find(_ name: String) -> StoredTensor?

    /// Whether the rows of query and key matrices that rotary embedding turns together are neighbours, as GGUF has them
    /// for some families, not one of each half of a head.
    var pairsAreNeighbours: Bool { get }
}

extension TensorSource {
    /// Hugging Face's order: the halves of a head.
    public var pairsAreNeighbours: Bool { false }

    /// The names of all tensors.
    public var names: [String] { entries.map(\.name) }

    /// Whether there is a tensor of this name.
    public func contains(_ name: String) -> Bool { find(name) != nil }

    /// The tensor of this name.
    ///
    /// - Throws: `FileError` of kind `missingTensor`, listing some names that are there.
    public func tensor(_ name: String) throws -> StoredTensor {
        if let tensor = find(name) { return tensor }
        throw FileError(
            .missing, file: path, "found \(listed(names)), expected one called \(quoted(name))")
    }

    /// The tensor of this name, if it has the wanted shape and one of the wanted types.
    ///
    /// - Parameters:
    ///   - shape: sizes; nil accepts any size in its place, so `[nil, 256]` is any number of rows of 256.
    ///   - types: the accepted types; by default all that convert.
    /// - Throws: `FileError` of kind `missingTensor`, or `mismatch` with what was found and expected.
    public func require(
        _ name: String, shape: [Int?], types: [ElementType] = ElementType.allCases.filter(\.isConvertible)
    ) throws -> StoredTensor {
        let tensor = try tensor(name)
        let fits = tensor.shape.count == shape.count && zip(tensor.shape, shape).allSatisfy { $1 == nil || $0 == $1 }
        guard fits else {
            let expected = shape.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
            throw FileError(
                .mismatch, file: tensor.file.path,
                "found tensor \(quoted(name)) with the shape \(listed(tensor.shape)), expected [\(expected)]")
        }
        guard types.contains(tensor.type) else {
            throw FileError(
                .mismatch, file: tensor.file.path,
                "found tensor \(quoted(name)) with the type \(tensor.type.rawValue), expected "
                    + types.map(\.rawValue).joined(separator: ", "))
        }
        return tensor
    }
}
