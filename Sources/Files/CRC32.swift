/// The CRC-32 of IEEE 802.3, as zlib computes it: the reflected polynomial 0xEDB88320, eight bytes at a time.
public struct CRC32: Sendable {
    private var state: UInt32 = .max

    /// The checksum of no bytes.
    public init() {}

    /// The checksum of all bytes so far.
    public var value: UInt32 { ~state }

    /// The checksum of `bytes`.
    public static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var crc = CRC32()
        crc.update(bytes)
        return crc.value
    }

    /// Adds bytes, which follow those that were added before.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        state = Self.tables.withUnsafeBufferPointer { Self.advance(state, start, bytes.count, $0.baseAddress!) }
    }

    /// Eight tables of 256: entry b of table k is the remainder of byte b followed by k zero bytes.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var remainder = UInt32(byte)
            for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1 }
            tables[byte] = remainder
        }
        for k in 1..<8 {
            for byte in 0..<256 {
                let before = tables[256 * (k - 1) + byte]
                tables[256 * k + byte] = before >> 8 ^ tables[Int(before & 255)]
            }
        }
        return tables
    }()

    @inline(never)
    private static func advance(
        _ state: UInt32, _ bytes: UnsafeRawPointer, _ count: Int, _ t: UnsafePointer<UInt32>
    ) -> UInt32 {
        var state = state, i = 0
        while i &+ 8 <= count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: i, as: UInt64.self)) ^ UInt64(state)
            let low = entry(t, 7, word) ^ entry(t, 6, word >> 8) ^ entry(t, 5, word >> 16) ^ entry(t, 4, word >> 24)
            state =
                low ^ entry(t, 3, word >> 32) ^ entry(t, 2, word >> 40) ^ entry(t, 1, word >> 48)
                ^ entry(t, 0, word >> 56)
            i &+= 8
        }
        while i < count {
            let byte = bytes.load(fromByteOffset: i, as: UInt8.self)
            state = state >> 8 ^ t[Int((state ^ UInt32(byte)) & 255)]
            i &+= 1
        }
        return state
    }

    @inline(__always)
    private static func entry(_ t: UnsafePointer<UInt32>, _ table: Int, _ word: UInt64) -> UInt32 {
        t[256 &* table &+ Int(truncatingIfNeeded: word & 255)]
    }
}

extension UInt32 {
    /// Eight hexadecimal digits.
    public var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
