import Files
import Safetensors

/// The part of a GGUF file that says which tensors it has and where.
struct TensorDirectory {
    /// In the order of the file.
    let entries: [TensorEntry]

    private static let alignmentKey = "general.alignment"
    /// What offsets are multiples of where the metadata do not say.
    private static let usualAlignment = 32
    /// The most sizes that a tensor of this format has.
    private static let mostSizes = 4

    private struct Declared {
        let name: String, type: ElementType, shape: [Int]
        let offset: UInt64, offsetByte: Int
        let byteCount: Int
    }

    /// - Parameter reader: at the first tensor's name.
    init(_ reader: inout ByteReader, count: Int, metadata: Metadata) throws {
        let alignment = try Self.alignment(metadata)
        var declared: [Declared] = [], names: Set<String> = []
        for _ in 0..<count {
            let start = reader.position, tensor = try Self.tensor(&reader)
            guard names.insert(tensor.name).inserted else {
                throw reader.failure(
                    at: start, "found the tensor \(quoted(tensor.name)) a second time, expected it only once")
            }
            declared.append(tensor)
        }
        // Nothing has to follow the last byte of the last tensor, so a file without tensors may end before.
        let dataStart = min(reader.bytes.count, (reader.position + alignment - 1) / alignment * alignment)
        entries = try declared.map { tensor in
            func failure(_ reason: String) -> FileError { reader.failure(at: tensor.offsetByte, reason) }
            let name = quoted(tensor.name), room = reader.bytes.count - dataStart
            guard tensor.offset % UInt64(alignment) == 0 else {
                throw failure(
                    "found the offset \(tensor.offset) for tensor \(name), expected a multiple of \(alignment)")
            }
            guard tensor.offset <= UInt64(room), tensor.byteCount <= room - Int(tensor.offset) else {
                throw failure(
                    "found the offset \(tensor.offset) for tensor \(name) of \(counted(tensor.byteCount, "byte")), "
                        + "expected it to end within the \(counted(room, "byte")) of data; is the file whole?")
            }
            let first = dataStart + Int(tensor.offset)
            return TensorEntry(
                name: tensor.name, type: tensor.type, shape: tensor.shape, byteRange: first..<first + tensor.byteCount)
        }
        try Self.refuseOverlaps(entries, declared, reader)
    }

    /// What the tensors' beginning and offsets are multiples of.
    static func alignment(_ metadata: Metadata) throws -> Int {
        let alignment = try metadata.integer(alignmentKey, in: 1...1 << 20, default: usualAlignment)
        guard alignment & (alignment - 1) == 0 else {
            throw metadata.failure(alignmentKey, expected: "a power of two")
        }
        return alignment
    }

    private static func tensor(_ reader: inout ByteReader) throws -> Declared {
        let name = try reader.text("a tensor's name"), what = "tensor \(quoted(name))"
        let sizesByte = reader.position, sizes = try reader.number("the number of sizes of \(what)", as: UInt32.self)
        guard sizes <= mostSizes else {
            throw reader.failure(at: sizesByte, "found \(sizes) sizes for \(what), expected at most \(mostSizes)")
        }
        var shape: [Int] = []
        for _ in 0..<sizes {
            let start = reader.position, size = try reader.number("a size of \(what)", as: UInt64.self)
            guard let size = Int(exactly: size) else {
                throw reader.failure(at: start, "found a size of \(size) for \(what), expected at most \(Int.max)")
            }
            shape.insert(size, at: 0)
        }
        let typeByte = reader.position, number = try reader.number("the type of \(what)", as: UInt32.self)
        guard let type = ElementType(inGGUF: number) else {
            throw reader.failure(
                at: typeByte,
                "found the type \(ElementType.nameInGGUF(number)) for \(what), expected one of "
                    + ElementType.namesInGGUF)
        }
        let size = shape.last ?? 1
        guard size % type.blockSize == 0 else {
            throw reader.failure(
                at: sizesByte,
                "found rows of \(counted(size, "number")) for \(what) of type \(type.rawValue), expected a multiple of "
                    + "\(type.blockSize)")
        }
        guard let byteCount = type.byteCount(shape: shape),
            // The number of elements must be countable, too.
            case let (_, overflow) = byteCount.multipliedReportingOverflow(by: type.blockSize), !overflow
        else {
            throw reader.failure(
                at: sizesByte,
                "found the sizes \(shape.map(String.init).joined(separator: " × ")) for \(what), expected ones whose "
                    + "bytes can be counted")
        }
        let offsetByte = reader.position
        return Declared(
            name: name, type: type, shape: shape, offset: try reader.number("the offset of \(what)", as: UInt64.self),
            offsetByte: offsetByte, byteCount: byteCount)
    }

    private static func refuseOverlaps(
        _ entries: [TensorEntry], _ declared: [Declared], _ reader: ByteReader
    ) throws {
        let order = entries.indices.filter { !entries[$0].byteRange.isEmpty }.sorted {
            (entries[$0].byteRange.lowerBound, $0) < (entries[$1].byteRange.lowerBound, $1)
        }
        for (before, next) in zip(order, order.dropFirst())
        where entries[next].byteRange.lowerBound < entries[before].byteRange.upperBound {
            throw reader.failure(
                at: declared[next].offsetByte,
                "found tensor \(quoted(entries[next].name)) at offset \(declared[next].offset), inside of tensor "
                    + "\(quoted(entries[before].name)), expected it after that")
        }
    }
}
