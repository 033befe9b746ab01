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

    /// - Parameter size: how many elements of a head are turned, an even number.
    init(_ configuration: RopeConfiguration, size: Int, isInterleaved: Bool = false) {
        let plain = stride(from: 0, to: size, by: 2).map { 1 / Foundation.pow(configuration.base, Double($0) / Double(size)) }
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
        var cosines: [Float] = [], sines: [Float] = []
        cosines.reserveCapacity(positions.count * frequencies.count)
        sines.reserveCapacity(positions.count * frequencies.count)
        for position in positions {
            for frequency in frequencies {
                let angle = Float(position) * frequency
                cosines.append(Foundation.cos(angle) * magnitude)
                sines.append(Foundation.sin(angle) * magnitude)
            }
        }
        return Rotations(pairs: frequencies.count, isInterleaved: isInterleaved, cosines: cosines, sines: sines)
    }
}

/// Cosines and sines for the rows of a pass, [R, pairs] each.
struct Rotations: Sendable {
    let pairs: Int
    let isInterleaved: Bool
    let cosines: [Float], sines: [Float]

    /// Turns elements `offset ..< offset + 2·pairs` of each head of each row: (a, b) → (a·cos − b·sin, b·cos + a·sin).
    ///
    /// - Parameter x: [R, heads·headSize], or more columns, which are left alone.
    func apply(to x: inout Tensor<Float>, heads: Int, headSize: Int, offset: Int = 0) {
        let width = x.columns, pairs = pairs, rows = x.rows
        require(rows * pairs == cosines.count && heads * headSize <= width, "rotations of \(cosines.count) angles on \(x.shape)")
        let (firstStride, secondOffset) = isInterleaved ? (2, 1) : (1, pairs)
        x.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            // Workers write disjoint rows, so they may share the pointer.
            nonisolated(unsafe) let base0 = base
            Parallel.forEachBlock(of: rows, blockSize: max(1, (1 << 14) / max(1, heads * pairs))) { block in
                cosines.withUnsafeBufferPointer { cosines in
                    sines.withUnsafeBufferPointer { sines in
                        for row in block {
                            for head in 0..<heads {
                                let x = base0 + row * width + head * headSize + offset
                                for i in 0..<pairs {
                                    let cos = cosines[row * pairs + i], sin = sines[row * pairs + i]
                                    let a = x[i * firstStride], b = x[i * firstStride + secondOffset]
                                    x[i * firstStride] = a * cos - b * sin
                                    x[i * firstStride + secondOffset] = b * cos + a * sin
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
