import Files

/// The metadata of a GGUF file: values by key, read with the type that they must have.
public struct Metadata: Sendable {
    /// In the order of the file.
    public let keys: [String]
    private let values: [String: MetadataValue]
    private let storage: FileBytes
    private let path: String

    /// - Parameter reader: at the first key.
    init(_ reader: inout ByteReader, count: Int, storage: FileBytes) throws {
        var keys: [String] = [], values: [String: MetadataValue] = [:]
        for _ in 0..<count {
            let start = reader.position, key = try reader.text("a key")
            let value = try MetadataValue(&reader, key: quoted(key))
            guard values.updateValue(value, forKey: key) == nil else {
                throw reader.failure(at: start, "found the key \(quoted(key)) a second time, expected it only once")
            }
            keys.append(key)
        }
        (self.keys, self.values, self.storage, path) = (keys, values, storage, reader.path)
    }

    public subscript(key: String) -> MetadataValue? { values[key] }

    func failure(_ key: String, found: String? = nil, expected: String) -> FileError {
        FileError(
            .malformed, file: path, byte: values[key]?.byte,
            "found \(found ?? values[key]?.kind ?? "nothing") for \(quoted(key)), expected \(expected)")
    }

    /// The value as `convert` understands it, `fallback` where the key is absent; absent without one is an error.
    private func read<Value>(
        _ key: String, _ expected: String, default fallback: Value?, _ convert: (MetadataValue) -> Value?
    ) throws -> Value {
        guard let found = values[key] else {
            if let fallback { return fallback }
            throw failure(key, expected: expected)
        }
        guard let value = convert(found) else { throw failure(key, expected: expected) }
        return value
    }

    func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil) throws -> Int {
        try read(key, "a whole number from \(range.lowerBound) to \(range.upperBound)", default: fallback) {
            $0.integer.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A number above 0.
    func positive(_ key: String, default fallback: Double? = nil) throws -> Double {
        try read(key, "a number above 0", default: fallback) { $0.number.flatMap { $0 > 0 ? $0 : nil } }
    }

    func bool(_ key: String, default fallback: Bool? = nil) throws -> Bool {
        try read(key, "true or false", default: fallback) { if case .bool(let bool) = $0.content { bool } else { nil } }
    }

    func text(_ key: String, default fallback: String? = nil) throws -> String {
        try read(key, "a text", default: fallback) { if case .text(let text) = $0.content { text } else { nil } }
    }

    /// A token id, or nil where there is none.
    func token(_ key: String) throws -> Int? {
        values[key] == nil ? nil : try integer(key, in: 0...Int(Int32.max))
    }

    /// A list of texts.
    func texts(_ key: String) throws -> [String] {
        try list(key, "a list of texts", type: { $0 == .string }) { reader, _ in
            try reader.text("an element of \(quoted(key))")
        }
    }

    /// A list of whole numbers.
    func integers(_ key: String) throws -> [Int] {
        try list(key, "a list of whole numbers", type: { ![.string, .array, .bool, .float32, .float64].contains($0) }) {
            reader, type in
            switch try MetadataValue.scalar(&reader, type, quoted(key)) {
            case .unsigned(let number): Int(clamping: number)
            case .signed(let number): Int(clamping: number)
            default: 0
            }
        }
    }

    private func list<Element>(
        _ key: String, _ expected: String, type fits: (MetadataType) -> Bool,
        _ element: (inout ByteReader, MetadataType) throws -> Element
    ) throws -> [Element] {
        guard let value = values[key], case .list(let count) = value.content, let elements = value.elements,
            count == 0 || fits(elements.type)
        else { throw failure(key, expected: expected) }
        var reader = ByteReader(storage.buffer, path: path, position: elements.byte)
        return try withExtendedLifetime(storage) { try (0..<count).map { _ in try element(&reader, elements.type) } }
    }

    /// The number of a list's elements, nil where there is no list.
    func count(_ key: String) -> Int? {
        if case .list(let count)? = values[key]?.content { count } else { nil }
    }
}
