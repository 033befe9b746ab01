import Foundation
import Tensor

/// Rotary position embedding: pair i of a head is turned by the angle `position · frequency_i`.
struct RotaryEmbedding: Sendable {
    /// Radians a position, one a pair.
    let frequencies: [Float]
    /// Factor of cosines and sines; YaRN makes attention sharper with it, elsewhere it is 1.
    let magnitude: Float
    /// Whether a pair is two neighbours, (2i, 2i+1), or one from each half, (i, i + size/2).
    let isInterleaved: Bool
    /// Cosines, then sines, of the first positions, so that short sequences need not compute them again and again.
    private let table: [Float]
    private static let tabulatedPositions = 1_024

    /// - Parameter size: how many elements of a head are turned, an even number.
    init(_ configuration: RopeConfiguration, size: Int, isInterleaved: Bool = false) {
        let plain = stride(from: 0, to: size, by: 2).map {
            1 / Foundation.pow(configuration.base, Double($0) / Double(size))
        }
        self.isInterleaved = isInterleaved
        switch configuration.scaling {
        case .none:
            frequencies = plain.map { Float($0) }
            magnitude = 1
        case .llama3(let factor, let low, let high, let context):
            frequencies = plain.map { frequency in
                // How often the wave turns within the original context: below `low` times it is slowed down, above
                // `high` times it is kept.
                let turns = context * frequency / (2 * .pi)
                let kept = high > low ? min(1, max(0, (turns - low) / (high - low))) : turns < low ? 0 : 1
                return Float(frequency * (kept + (1 - kept) / factor))
            }
            magnitude = 1
        case .yarn(let yarn):
            let (low, high) = Self.ramp(yarn, base: configuration.base, size: size)
            frequencies = plain.enumerated().map { index, frequency in
                let slowed = min(1, max(0, (Double(index) - low) / (high - low)))
                return Float(frequency * (1 - slowed) + frequency / yarn.factor * slowed)
            }
            magnitude = Float(
                yarn.attentionFactor
                    ?? (yarn.scale > 0 && yarn.allDimensionsScale > 0
                        ? yarn.magnitude(yarn.scale) / yarn.magnitude(yarn.allDimensionsScale) : yarn.magnitude(1)))
        }
        var table: [Float] = []
        table.reserveCapacity(Self.tabulatedPositions * 2 * frequencies.count)
        for position in 0..<Self.tabulatedPositions { Self.append(position, frequencies, magnitude, to: &table) }
        self.table = table
    }

    /// Appends a position's cosines, then its sines.
    private static func append(_ position: Int, _ frequencies: [Float], _ magnitude: Float, to table: inout [Float]) {
        for frequency in frequencies { table.append(Foundation.cos(Float(position) * frequency) * magnitude) }
        for frequency in frequencies { table.append(Foundation.sin(Float(position) * frequency) * magnitude) }
    }

    /// The pairs between which YaRN goes from keeping a frequency to slowing it down by its whole factor: those that
    /// turn `betaFast` and `betaSlow` times within the original context.
    private static func ramp(_ yarn: RopeConfiguration.Yarn, base: Double, size: Int) -> (low: Double, high: Double) {
        func pair(turning turns: Double) -> Double {
            Double(size) * Foundation.log(yarn.originalContext / (turns * 2 * .pi)) / (2 * Foundation.log(base))
        }
        var low = pair(turning: yarn.betaFast), high = pair(turning: yarn.betaSlow)
        if yarn.truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
        low = max(low, 0)
        high = min(high, Double(size - 1))
        return (low, high == low ? high + 0.001 : high)
    }

    /// The cosines and sines of some positions, shared by all layers of one pass.
    func rotations(at positions: [Int]) -> Rotations {
        let width = 2 * frequencies.count
        var turns: [Float] = []
        turns.reserveCapacity(positions.count * width)
        for position in positions {
            if position < Self.tabulatedPositions {
                turns += table[position * width..<(position + 1) * width]
            } else {
                Self.append(position, frequencies, magnitude, to: &turns)
            }
        }
        return Rotations(pairs: frequencies.count, isInterleaved: isInterleaved, turns: turns)
    }
}

/// Cosines and sines for the rows of a pass.
struct Rotations: Sendable {
    let pairs: Int
    let isInterleaved: Bool
    /// Of each row its cosines, then its sines: [R, 2, pairs].
    let turns: [Float]

    /// Turns elements `offset ..< offset + 2·pairs` of each head of each row: (a, b) → (a·cos − b·sin, b·cos + a·sin).
    ///
    /// - Parameter x: [R, heads·headSize], or more columns, which are left alone.
    func apply(to x: inout Tensor<Float>, heads: Int, headSize: Int, offset: Int = 0) {
        let width = x.columns, pairs = pairs, rows = x.rows, isInterleaved = isInterleaved
        require(
            2 * rows * pairs == turns.count && heads * headSize <= width,
            "rotations of \(turns.count / 2) angles on \(x.shape)")
        let start = x.mutablePointer()
        // Workers write disjoint rows, so they may share the pointer.
        nonisolated(unsafe) let target = start
        Parallel.forEachBlock(of: rows, blockSize: max(1, (1 << 14) / max(1, heads * pairs))) { block in
            turns.withUnsafeBufferPointer { turns in
                guard let turns = turns.baseAddress else { return }
                for row in block {
                    let cosines = turns + 2 * row * pairs
                    for head in 0..<heads {
                        turn(
                            target + row * width + head * headSize + offset, cosines, cosines + pairs, pairs: pairs,
                            isInterleaved: isInterleaved)
                    }
                }
            }
        }
    }
}

@inline(never)
private func turn(
    _ x: UnsafeMutablePointer<Float>, _ cosines: UnsafePointer<Float>, _ sines: UnsafePointer<Float>, pairs: Int,
    isInterleaved: Bool
) {
    var i = 0
    while !isInterleaved, i + 16 <= pairs {
        let cos = loadVector(cosines + i), sin = loadVector(sines + i)
        let a = loadVector(UnsafePointer(x + i)), b = loadVector(UnsafePointer(x + pairs + i))
        storeVector(a * cos - b * sin, x + i)
        storeVector(b * cos + a * sin, x + pairs + i)
        i += 16
    }
    let (firstStride, secondOffset) = isInterleaved ? (2, 1) : (1, pairs)
    while i < pairs {
        let a = x[i * firstStride], b = x[i * firstStride + secondOffset]
        x[i * firstStride] = a * cosines[i] - b * sines[i]
        x[i * firstStride + secondOffset] = b * cosines[i] + a * sines[i]
        i += 1
    }
}
