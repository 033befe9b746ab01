import Tensor

/// Tokens in descending order of their logits, equal ones in the order of their ids.
///
/// A token is one 64-bit key: the complement of the logit's ordered bits above the id, so that ascending keys are this
/// order. Work memory: the keys are written in place.
struct RankedTokens {
    private let keys: UnsafeMutablePointer<UInt64>
    private let spare: UnsafeMutablePointer<UInt64>
    private(set) var count = 0
    /// Up to here a comparison sort is as fast as the linear one.
    static let comparisonLimit = 1_500

    init(capacity: Int) {
        keys = .allocate(capacity: capacity)
        spare = .allocate(capacity: capacity)
    }

    func deallocate() {
        keys.deallocate()
        spare.deallocate()
    }

    func token(_ rank: Int) -> Int { Int(truncatingIfNeeded: keys[rank] & 0xFFFF_FFFF) }

    /// Takes tokens given in ascending order of their ids, and sorts them.
    mutating func rank(_ tokens: UnsafePointer<UInt32>, count: Int, logits: UnsafePointer<Float>) {
        self.count = count
        for i in 0..<count {
            // Adding 0 makes −0 and 0 one key, as they are equal logits.
            let bits = (logits[Int(tokens[i])] + 0).bitPattern
            let descending = ~(bits ^ (bits >> 31 == 1 ? .max : 1 << 31))
            keys[i] = UInt64(descending) << 32 | UInt64(tokens[i])
        }
        if count <= Self.comparisonLimit {
            var all = UnsafeMutableBufferPointer(start: keys, count: count)
            all.sort()
        } else {
            radixSort()
        }
    }

    /// By the logit in three passes of 11 bits, least significant first; stable, so that ids stay in order.
    private func radixSort() {
        var source = keys, target = spare
        for shift: UInt64 in [32, 43, 54] {
            var starts = [Int](repeating: 0, count: 2049)
            for i in 0..<count { starts[Int(truncatingIfNeeded: source[i] >> shift & 2047) + 1] += 1 }
            for digit in 1..<2049 { starts[digit] += starts[digit - 1] }
            for i in 0..<count {
                let digit = Int(truncatingIfNeeded: source[i] >> shift & 2047)
                target[starts[digit]] = source[i]
                starts[digit] += 1
            }
            (source, target) = (target, source)
        }
        keys.update(from: source, count: count)
    }
}
