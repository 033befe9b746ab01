/// The tensors of another source whose names begin with a prefix, without it: a model that lies inside a larger checkpoint.
public struct PrefixedTensors: TensorSource {
    public let entries: [TensorEntry]
    private let source: any TensorSource
    private let prefix: String

    public var path: String { source.path }

    public init(_ source: any TensorSource, prefix: String) {
        (self.source, self.prefix) = (source, prefix)
        entries = source.entries.compactMap { entry in
            entry.name.hasPrefix(prefix)
                ? TensorEntry(name: String(entry.name.dropFirst(prefix.count)), type: entry.type, shape: entry.shape, byteRange: entry.byteRange)
                : nil
        }
    }

    /// The tensor, under its name in the source.
    public func find(_ name: String) -> StoredTensor? { source.find(prefix + name) }
}
