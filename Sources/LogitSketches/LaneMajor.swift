import Tensor

/// How fused kernels hold a descending run of numbers, so that cumulative sums are plain vector additions.
///
/// A run of `16·height` ranks is `height` vectors of sixteen lanes, in which lane k holds the ranks `k·height` to
/// `(k+1)·height − 1`, one in each vector. Running sums go down the vectors within each lane; only the sixteen lane
/// totals have to be added up across lanes.
enum LaneMajor {
    /// Number of vectors that `count` ranks need.
    static func height(for count: Int) -> Int { max(1, (count + 15) / 16) }

    /// Where `rank` lies in a run of `height` vectors.
    @inline(__always)
    static func index(of rank: Int, height: Int) -> Int { rank % height * 16 + rank / height }

    /// Writes `count` numbers, given by rank, into a run of `height` vectors, and `padding` in the places beyond.
    @inline(__always)
    static func fill<Element: Scalar>(
        _ run: UnsafeMutablePointer<Element>, height: Int, count: Int, padding: Element, _ value: (Int) -> Element
    ) {
        var rank = 0
        for lane in 0..<16 {
            for row in 0..<height {
                run[row * 16 + lane] = rank < count ? value(rank) : padding
                rank += 1
            }
        }
    }

    /// Exclusive prefix sums across the lanes of two vectors in memory, each begun at its own start. Two at once,
    /// because each addition waits for the one before.
    @inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
    static func exclusiveLaneSums<Element: Scalar>(
        _ first: UnsafeMutablePointer<Element>, start: Double, _ second: UnsafeMutablePointer<Element>,
        start secondStart: Double
    ) {
        var a = start, b = secondStart
        for lane in 0..<16 {
            let x = Double(first[lane]), y = Double(second[lane])
            first[lane] = Element(a)
            second[lane] = Element(b)
            a += x
            b += y
        }
    }
}

/// Work memory of `count` numbers, aligned to a vector; the caller deallocates it.
func vectorMemory<Element: Scalar>(_ count: Int) -> UnsafeMutablePointer<Element> {
    UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Element>.stride, alignment: 64)
        .bindMemory(to: Element.self, capacity: count)
}
