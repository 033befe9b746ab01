import Files

/// The head of a safetensors file.
///
///     8 bytes    N, little-endian: the length of the header
///     N bytes {"__metadata__": {"format": "pt"}, "weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
///     …} the rest the tensors' bytes; offsets count from here
struct Header {
    let metadata: [String: String]
    /// In the order of their bytes; tensors without bytes keep the header's order.
    let entries: [TensorEntry]

    /// The format's own limit for the length of the header.
    static let longest = 100_000_000
    static let metadataKey = "__metadata__"

    /// One tensor as the header declares it, with the places to blame.
    struct Declared {
        let tensor: TensorDeclaration
        let begin: Int
        let end: Int
        let shapeByte: Int
        let offsetsByte: Int
    }

    /// Reads and checks the header of a whole file.
    ///
    /// - Throws: `FileError` of kind `malformed`.
    init(of file: UnsafeRawBufferPointer, path: String) throws {
        func failure(at byte: Int, _ reason: String) -> FileError {
            FileError(.malformed, file: path, byte: byte, reason)
        }
        guard file.count >= 8 else {
            throw failure(
                at: file.count,
                "found \(counted(file.count, "byte")) in all, expected at least 8 for the length of the header")
        }
        let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
        guard length <= Self.longest else {
            throw failure(at: 0, "found a header length of \(length) bytes, expected at most \(Self.longest)")
        }
        guard length <= file.count - 8 else {
            throw failure(
                at: 0,
                "found a header length of \(length) bytes, expected at most the \(file.count - 8) that follow"
            )
        }
        let dataStart = 8 + Int(length)
        // The reference implementation takes spaces before the header's brace.
        let first = file[8..<dataStart].firstIndex { !" \t\r\n".utf8.contains($0) }
        guard let first, file[first] == UInt8(ascii: "{") else {
            let found = first.map { "the byte 0x\(String(file[$0], radix: 16))" } ?? "an empty header"
            throw failure(at: first ?? 8, "found \(found), expected a header that starts with '{'")
        }
        let text = UnsafeRawBufferPointer(rebasing: file[8..<dataStart])
        var scanner = JSONScanner(text, file: path, origin: 8)
        let declared: [Declared]
        (metadata, declared) = try Self.parse(&scanner)
        entries = try Self.layOut(declared, from: dataStart, to: file.count, failure: failure)
    }

    private static func parse(_ scanner: inout JSONScanner) throws -> ([String: String], [Declared]) {
        var metadata: [String: String] = [:]
        var tensors: [Declared] = []
        try scanner.object("the header") { scanner, name, byte in
            if name == metadataKey {
                if try scanner.null() { return }
                try scanner.object(metadataKey) { scanner, key, _ in
                    metadata[key] = try scanner.string("the value of \(quoted(key)) in \(metadataKey)")
                }
            } else {
                tensors.append(try parseTensor(&scanner, name: name, at: byte))
            }
        }
        try scanner.end()
        return (metadata, tensors)
    }

    /// Members that the format does not name are skipped, as the reference implementation does.
    private static func parseTensor(_ scanner: inout JSONScanner, name: String, at byte: Int) throws -> Declared {
        var title: String { "tensor \(quoted(name))" }
        var type: ElementType?
        var shape: [Int]?
        var offsets: [Int]?
        var shapeByte = byte
        var offsetsByte = byte
        try scanner.object(title) { scanner, key, _ in
            let valueByte = scanner.nextPosition()
            switch key {
            case "dtype":
                let text = try scanner.string("the type of \(title)")
                guard let known = ElementType(rawValue: text), known.blockSize == 1 else {
                    throw scanner.failure(
                        at: valueByte,
                        "found the type \(quoted(text)) for \(title), expected one of \(ElementType.names)")
                }
                type = known
            case "shape":
                shapeByte = valueByte
                var sizes: [Int] = []
                try scanner.array("the shape of \(title)") { sizes.append(try $0.size("a size of \(title)")) }
                shape = sizes
            case "data_offsets":
                offsetsByte = valueByte
                var pair: [Int] = []
                try scanner.array("the offsets of \(title)") { scanner in
                    guard pair.count < 2 else {
                        throw scanner.failure("found a third offset for \(title), expected a begin and an end")
                    }
                    pair.append(try scanner.size("an offset of \(title)"))
                }
                offsets = pair
            default:
                try scanner.skipValue()
            }
        }
        func required<Value>(_ value: Value?, _ key: String) throws -> Value {
            guard let value else {
                throw scanner.failure(at: byte, "found \(title) without \(key), expected dtype, shape and data_offsets")
            }
            return value
        }
        let tensor = TensorDeclaration(name, try required(type, "dtype"), try required(shape, "shape"))
        let pair = try required(offsets, "data_offsets")
        guard pair.count == 2 else {
            throw scanner.failure(
                at: offsetsByte, "found \(pair.count) offsets for \(title), expected a begin and an end")
        }
        return Declared(tensor: tensor, begin: pair[0], end: pair[1], shapeByte: shapeByte, offsetsByte: offsetsByte)
    }
}
