/// The scalar sets of one compiled pattern, in a form that answers fast: two loads and a shift.
///
/// Unicode is cut into 4,352 blocks of 256 scalars. Most blocks are wholly in a set or wholly outside, and the rest
/// repeat between sets, so blocks that are alike share one bitmap.
struct ScalarSets: Sendable {
    private typealias Bitmap = SIMD4<UInt64>
    private static let blockCount = 0x110000 / 256

    /// The bitmap of every block of every set, set after set.
    private var bitmapOfBlock: [UInt32] = []
    /// The bitmaps, four words each: the first is empty, the second full.
    private var words: [UInt64] = [0, 0, 0, 0, ~0, ~0, ~0, ~0]
    private var indexOfBitmap: [Bitmap: UInt32] = [Bitmap(repeating: 0): 0, Bitmap(repeating: ~0): 1]
    private var indexOfSet: [ScalarRanges: Int] = [:]

    /// Adds a set and returns its number; a set that is already there keeps its number.
    mutating func index(of set: ScalarRanges) -> Int {
        if let known = indexOfSet[set] { return known }
        let index = indexOfSet.count
        indexOfSet[set] = index
        var pending = set.ranges[...]
        for block in 0..<UInt32(Self.blockCount) {
            let scalars = block * 256...block * 256 + 255
            while let range = pending.first, range.upperBound < scalars.lowerBound { pending.removeFirst() }
            bitmapOfBlock.append(indexOfBitmap(of: pending, in: scalars))
        }
        return index
    }

    private mutating func indexOfBitmap(
        of ranges: ArraySlice<ClosedRange<UInt32>>, in scalars: ClosedRange<UInt32>
    ) -> UInt32 {
        guard let first = ranges.first, first.lowerBound <= scalars.upperBound else { return 0 }
        if first.lowerBound <= scalars.lowerBound, first.upperBound >= scalars.upperBound { return 1 }
        var bitmap = Bitmap(repeating: 0)
        for range in ranges.prefix(while: { $0.lowerBound <= scalars.upperBound }) {
            for scalar in range.clamped(to: scalars) {
                bitmap[Int(scalar >> 6 & 3)] |= 1 << UInt64(scalar & 63)
            }
        }
        if let known = indexOfBitmap[bitmap] { return known }
        let index = UInt32(words.count / 4)
        indexOfBitmap[bitmap] = index
        for word in 0..<4 { words.append(bitmap[word]) }
        return index
    }

    @inline(__always)
    func contains(_ scalar: UInt32, in set: Int) -> Bool {
        let bitmap = Int(bitmapOfBlock[set &* Self.blockCount &+ Int(scalar >> 8)])
        return words[bitmap &* 4 &+ Int(scalar >> 6 & 3)] >> UInt64(scalar & 63) & 1 != 0
    }
}
