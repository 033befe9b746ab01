import Foundation

/// A seeded stream of random numbers over ``Philox``: a value that is passed in and copied, never a global.
///
/// Streams of one seed are independent of each other: give each use (initialisation, shuffling, easy-token draws) its
/// own stream, and each item of a parallel loop too, with ``stream(_:)``.
public struct RandomGenerator: RandomNumberGenerator, Sendable, Codable, Equatable {
    /// Key of the bijection.
    public let seed: UInt64
    /// Upper half of the counter.
    public let stream: UInt64
    /// Lower half of the counter: number of the block of four words that is next in line.
    var blockIndex: UInt64 = 0
    /// How many words of block `blockIndex` have been handed out, 0 to 3.
    var used = 0

    /// The start of a stream; equal seeds and streams give equal numbers.
    public init(seed: UInt64, stream: UInt64 = 0) {
        self.seed = seed
        self.stream = stream
    }

    /// Another stream of the same seed, from its start.
    public func stream(_ stream: UInt64) -> RandomGenerator { RandomGenerator(seed: seed, stream: stream) }

    /// The four words of block `index` of this stream, whatever has been drawn so far.
    @inlinable
    public func words(at index: UInt64) -> SIMD4<UInt32> {
        Philox.block(
            counter: SIMD4(
                UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
                UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)),
            key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
    }

    /// Next 32 bits.
    public mutating func nextWord() -> UInt32 {
        let word = words(at: blockIndex)[used]
        used += 1
        if used == 4 { (used, blockIndex) = (0, blockIndex &+ 1) }
        return word
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        let low = UInt64(nextWord())
        return UInt64(nextWord()) << 32 | low
    }

    /// Uniform in [0, 1), 53 random bits.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Uniform in [lower, upper).
    public mutating func uniform(in range: Range<Double>) -> Double {
        let x = range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
        return x < range.upperBound ? x : range.lowerBound
    }

    /// Standard normal, by Box and Muller's transform of two uniforms; |x| < 8.6.
    public mutating func normal() -> Double {
        let radius = (-2 * Foundation.log(1 - uniform())).squareRoot()
        return radius * Foundation.cos(2 * .pi * uniform())
    }

    /// A permutation of 0..<count, each equally likely (Fisher and Yates).
    public mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        order.shuffle(using: &self)
        return order
    }
}
