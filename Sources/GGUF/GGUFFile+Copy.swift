import Files
import Foundation

extension GGUFFile {
    /// Writes a copy with some metadata set to numbers in 32 bits: a key that is there keeps its place, others come
    /// last. All else stays byte for byte; tensors are copied by range, and begin at a multiple of the alignment again.
    ///
    /// - Parameters:
    ///   - path: the copy's; it appears whole or not at all.
    ///   - numbers: by key, finite.
    ///   - check: called before each piece of the tensors; what it throws ends the copy.
    /// - Throws: `FileError` where the copy cannot be written, and for a part of a split model, whose tensors are
    ///   elsewhere.
    public func copy(
        to path: String, setting numbers: [(key: String, value: Float)], check: () throws -> Void = {}
    ) throws {
        let parts = try metadata.integer("split.count", in: 0...Int(Int32.max), default: 1)
        guard parts <= 1 else {
            throw metadata.failure("split.count", found: "one of \(parts) parts", expected: "a model in one file")
        }
        var reader = ByteReader(storage.buffer, path: self.path)
        try reader.skip(Self.magic.count + MemoryLayout<UInt32>.size, "the beginning")
        let tensorsCount = try reader.count("tensors", leastBytes: 24)
        let valuesCount = try reader.count("metadata", leastBytes: 13)
        var head = Array(storage.buffer[..<(Self.magic.count + MemoryLayout<UInt32>.size)])
        let added = numbers.filter { metadata[$0.key] == nil }
        Self.append(UInt64(tensorsCount), to: &head)
        Self.append(UInt64(valuesCount + added.count), to: &head)
        for _ in 0..<valuesCount {
            let start = reader.position, key = try reader.text("a key")
            _ = try MetadataValue(&reader, key: quoted(key))
            if let number = numbers.first(where: { $0.key == key }) {
                Self.append(number.key, number.value, to: &head)
            } else {
                head += storage.buffer[start..<reader.position]
            }
        }
        for number in added { Self.append(number.key, number.value, to: &head) }
        let directory = reader.position
        _ = try TensorDirectory(&reader, count: tensorsCount, metadata: metadata)
        head += storage.buffer[directory..<reader.position]

        let alignment = try TensorDirectory.alignment(metadata)
        func aligned(_ byte: Int) -> Int { (byte + alignment - 1) / alignment * alignment }
        head += [UInt8](repeating: 0, count: aligned(head.count) - head.count)
        let file = try AtomicFile(path: path)
        try head.withUnsafeBytes(file.write)
        try withExtendedLifetime(storage) {
            var place = aligned(reader.position)
            let end = storage.buffer.count, piece = 16 << 20
            while place < end {
                try check()
                let next = min(end, place + piece)
                try file.write(UnsafeRawBufferPointer(rebasing: storage.buffer[place..<next]))
                place = next
            }
        }
        try file.commit()
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }

    private static func append(_ key: String, _ value: Float, to bytes: inout [UInt8]) {
        append(UInt64(key.utf8.count), to: &bytes)
        bytes += key.utf8
        append(MetadataType.float32.rawValue, to: &bytes)
        append(value.bitPattern, to: &bytes)
    }
}
