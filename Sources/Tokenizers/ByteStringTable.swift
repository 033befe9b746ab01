/// A hash table from byte strings to numbers, looked up by slices of a text without making a string of them.
///
/// Keys are compared byte by byte: for a vocabulary, canonically equivalent spellings are different tokens.
struct ByteStringTable: Sendable {
    private struct Entry {
        let start: Int
        let count: Int
        let hash: UInt64
        var value: Int
    }

    /// All keys, one after the other.
    private var bytes: [UInt8] = []
    private var entries: [Entry] = []
    /// Open addressing: entry number + 1, or 0; a power of two, at most half full.
    private var slots = [Int32](repeating: 0, count: 16)
    private(set) var longestKey = 0

    var count: Int { entries.count }
    /// The length of all keys together.
    var byteCount: Int { bytes.count }

    func value(for key: ArraySlice<UInt8>) -> Int? {
        guard key.count <= longestKey else { return nil }
        let slot = slot(for: key, hash: Self.hash(key))
        return slots[slot] == 0 ? nil : entries[Int(slots[slot]) - 1].value
    }

    subscript(key: String) -> Int? { value(for: Array(key.utf8)[...]) }

    /// Sets the value of a key, which replaces the one it may have.
    mutating func set(_ key: ArraySlice<UInt8>, to value: Int) {
        let hash = Self.hash(key)
        let slot = slot(for: key, hash: hash)
        if slots[slot] != 0 {
            entries[Int(slots[slot]) - 1].value = value
            return
        }
        entries.append(Entry(start: bytes.count, count: key.count, hash: hash, value: value))
        bytes.append(contentsOf: key)
        longestKey = max(longestKey, key.count)
        slots[slot] = Int32(entries.count)
        if entries.count * 2 > slots.count { grow() }
    }

    /// The slot that holds the key, or the free one where it belongs.
    private func slot(for key: ArraySlice<UInt8>, hash: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let entry = entries[Int(slots[slot]) - 1]
            if entry.hash == hash, entry.count == key.count, matches(key, at: entry.start) { break }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private func matches(_ key: ArraySlice<UInt8>, at start: Int) -> Bool {
        var index = start
        for byte in key {
            if bytes[index] != byte { return false }
            index += 1
        }
        return true
    }

    private mutating func grow() {
        slots = [Int32](repeating: 0, count: slots.count * 2)
        for (index, entry) in entries.enumerated() {
            var slot = Int(truncatingIfNeeded: entry.hash) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(index + 1)
        }
    }

    /// FNV-1a, with the high half folded into the low one that the slots use.
    private static func hash(_ key: ArraySlice<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash ^ hash >> 32
    }
}
