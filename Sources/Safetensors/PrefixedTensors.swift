/// The tensors of another source whose names begin with a prefix, without it: a model that lies inside a larger
/// checkpoint.
public struct PrefixedTensors: TensorSource {
    /// The tensors under the prefix, with names that lack it.
    public let entries: [TensorEntry]
    private let source: any TensorSource
    private let prefix: String

    /// The path of the source.
    public var path: String { source.path }

    /// The tensors of a source whose names begin with a prefix.
    public init(_ source: any TensorSource, prefix: String) {
        (self.source, self.prefix) = (source, prefix)
        entries = source.entries.compactMap { entry in
            entry.name.hasPrefix(prefix)
                ? TensorEntry(
                    name: String(entry.name.dropFirst(prefix.count)), type: entry.type, shape: entry.shape,
                    byteRange: entry.byteRange)
                : nil
        }
    }

    /// The tensor, under its name in the source.
    public func find(_ name: String) -> StoredTensor? { source.find(prefix + name) }
}
