extension TensorSource {
    /// Sixteen hexadecimal digits that stand for the tensors: names, types, shapes, and samples of their bytes.
    ///
    /// Two models of one shape differ in their bytes everywhere, so that few of them tell the models apart, and little
    /// of a large file is read.
    public var fingerprint: String {
        let sorted = entries.sorted { $0.name < $1.name }, stride = max(1, sorted.count / 256)
        var hash = FNVHash()
        for (place, entry) in sorted.enumerated() {
            hash.add("\(entry.name) \(entry.type.rawValue) \(entry.shape)".utf8)
            guard place % stride == 0, let tensor = find(entry.name) else { continue }
            withExtendedLifetime(tensor) {
                let bytes = tensor.bytes, sample = min(64, bytes.count)
                for start in [0, (bytes.count - sample) / 2, bytes.count - sample] {
                    hash.add(bytes[start..<start + sample])
                }
            }
        }
        return hash.digits
    }
}

/// The hash of Fowler, Noll and Vo, 64 bits, variant 1a.
private struct FNVHash {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    var digits: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
