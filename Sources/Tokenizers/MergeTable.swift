/// The merges of a byte-pair encoding: for two neighbouring tokens the rank of their merge, and for a rank the token
/// that the merge makes. Low ranks merge first.
struct MergeTable: Sendable {
    /// Open addressing over pairs; a power of two, at most half full.
    private var keys: [UInt64]
    private var ranks: [UInt32]
    private var products: [UInt32] = []

    /// No pair of two tokens has this key: ids stay below `UInt32.max`.
    private static let free = UInt64.max

    init(capacity: Int) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        keys = [UInt64](repeating: Self.free, count: size)
        ranks = [UInt32](repeating: 0, count: size)
    }

    /// Adds the merge of the next rank. Of two merges of the same pair the later one counts, as in Hugging Face.
    mutating func append(left: UInt32, right: UInt32, product: UInt32) {
        let key = Self.key(left, right)
        let slot = slot(for: key)
        keys[slot] = key
        ranks[slot] = UInt32(products.count)
        products.append(product)
    }

    @inline(__always)
    func rank(left: UInt32, right: UInt32) -> UInt32? {
        let key = Self.key(left, right)
        let slot = slot(for: key)
        return keys[slot] == key ? ranks[slot] : nil
    }

    @inline(__always)
    func product(ofRank rank: UInt32) -> UInt32 { products[Int(rank)] }

    private static func key(_ left: UInt32, _ right: UInt32) -> UInt64 { UInt64(left) << 32 | UInt64(right) }

    @inline(__always)
    private func slot(for key: UInt64) -> Int {
        let mask = keys.count - 1
        // Multiplication by 2⁶⁴ over the golden ratio spreads neighbouring ids; the middle bits are the best mixed.
        let hash = key &* 0x9E37_79B9_7F4A_7C15
        var slot = Int(truncatingIfNeeded: hash >> 32) & mask
        while keys[slot] != Self.free, keys[slot] != key { slot = (slot + 1) & mask }
        return slot
    }
}
