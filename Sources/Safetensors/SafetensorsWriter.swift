import Files
import Foundation

/// Writes a safetensors file whose tensors need not be in memory together.
///
/// All tensors are declared first; then the values of each are appended, in the declared order and in as many
/// pieces as one likes; then `finish` gives the file its name. Tensors lie in the declared order, metadata in
/// the order of its keys: the same content gives the same bytes. The data start at a multiple of 8 and are
/// packed, so a tensor is aligned for its type where those before it fill multiples of its width.
///
/// Whatever throws discards the file; a file that stood under the name before is then untouched (`AtomicFile`).
/// A class because it owns the open file.
public final class SafetensorsWriter {
    private let path: String
    private let file: AtomicFile
    private let tensors: [TensorDeclaration]
    private let dataCounts: [Int]
    private var current = 0
    /// Bytes that the current tensor already has.
    private var filled = 0
    private var isOver = false

    /// Elements that are converted at a time.
    private static let panel = 1 << 16

    /// Creates the temporary file and writes the header.
    ///
    /// - Parameter metadata: goes into `__metadata__`. Hugging Face's loaders want `["format": "pt"]` there.
    /// - Throws: `FileError` of kind `cannotWrite`.
    public convenience init(path: String, tensors: [TensorDeclaration], metadata: [String: String] = [:]) throws {
        let (header, dataCounts) = try Header.bytes(for: tensors, metadata: metadata, path: path)
        try self.init(AtomicFile(path: path), header: header, tensors: tensors, dataCounts: dataCounts)
    }

    private init(_ file: AtomicFile, header: [UInt8], tensors: [TensorDeclaration], dataCounts: [Int]) throws {
        path = file.path
        self.file = file
        self.tensors = tensors
        self.dataCounts = dataCounts
        try header.withUnsafeBytes(file.write)
    }

    /// Adds values to a tensor, converted to its declared type (float types to nearest, ties to even).
    ///
    /// - Parameter name: the tensor that is being filled, or, where that one is full, the next.
    /// - Throws: `FileError` of kind `cannotWrite`, or `unconvertible` where the tensor's type does not take
    ///   these values.
    public func append<Scalar: StoredScalar>(_ values: UnsafeBufferPointer<Scalar>, to name: String) throws {
        try discardingOnError {
            let type = try turn(to: name).type
            try reserve(values.count * type.byteWidth, in: name)
            let size = min(values.count, Self.panel)
            let panel = UnsafeMutableRawBufferPointer.allocate(byteCount: size * type.byteWidth, alignment: 16)
            defer { panel.deallocate() }
            guard let source = values.baseAddress, let target = panel.baseAddress else { return }
            for start in stride(from: 0, to: values.count, by: Self.panel) {
                let count = min(Self.panel, values.count - start)
                switch Scalar.encode(source + start, count, as: type, into: target) {
                case nil: break
                case .types:
                    throw FileError(
                        .unconvertible, file: path,
                        "found values of type \(Scalar.self) for tensor \(quoted(name)), expected ones that convert to "
                            + type.rawValue)
                case .element(let offset):
                    throw FileError(
                        .unconvertible, file: path,
                        "found \(source[start + offset]) for tensor \(quoted(name)), expected a value that fits "
                            + "\(type.rawValue)"
                    )
                }
                try file.write(UnsafeRawBufferPointer(start: target, count: count * type.byteWidth))
            }
        }
    }

    /// Adds values to a tensor, converted to its declared type.
    public func append<Scalar: StoredScalar>(_ values: [Scalar], to name: String) throws {
        try values.withUnsafeBufferPointer { try append($0, to: name) }
    }

    /// Adds packed little-endian elements to a tensor of any type, as they are.
    public func append(bytes: UnsafeRawBufferPointer, to name: String) throws {
        try discardingOnError {
            _ = try turn(to: name)
            try reserve(bytes.count, in: name)
            try file.write(bytes)
        }
    }

    /// Flushes the file to the disk and gives it its name.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`, also where a tensor is not full.
    public func finish() throws {
        try discardingOnError {
            skipFullTensors()
            guard current == tensors.count else {
                let name = quoted(tensors[current].name)
                throw failure(
                    "found \(counted(filled, "byte")) for tensor \(name) at the end, expected \(dataCounts[current])")
            }
            try file.commit()
            isOver = true
        }
    }

    /// Makes `name` the current tensor, where its turn has come.
    private func turn(to name: String) throws -> TensorDeclaration {
        if current < tensors.count, tensors[current].name != name { skipFullTensors(until: name) }
        guard current < tensors.count else {
            throw failure("found values for tensor \(quoted(name)) after all tensors were full, expected none")
        }
        guard tensors[current].name == name else {
            throw failure(
                "found values for tensor \(quoted(name)), expected "
                    + "them for \(quoted(tensors[current].name)), which has "
                    + "\(filled) of its \(counted(dataCounts[current], "byte"))")
        }
        return tensors[current]
    }

    private func skipFullTensors(until name: String? = nil) {
        while current < tensors.count, filled == dataCounts[current], tensors[current].name != name {
            current += 1
            filled = 0
        }
    }

    private func reserve(_ count: Int, in name: String) throws {
        guard count <= dataCounts[current] - filled else {
            throw failure(
                "found \(counted(filled + count, "byte")) for tensor \(quoted(name)), expected \(dataCounts[current])")
        }
        filled += count
    }

    private func discardingOnError(_ body: () throws -> Void) throws {
        guard !isOver else { throw failure("found a call after the end of the file, expected none") }
        do {
            try body()
        } catch {
            isOver = true
            file.discard()
            throw error
        }
    }

    private func failure(_ reason: String) -> FileError {
        FileError(.cannotWrite, file: path, reason)
    }
}
