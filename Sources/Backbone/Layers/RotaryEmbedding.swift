import Foundation
import Tensor

/// Rotary position embedding: pair i of a head is turned by the angle `position · frequency_i`.
struct RotaryEmbedding: Sendable {
    /// Radians a position, one a pair.
    let frequencies: [Float]
    /// Factor of cosines and sines; YaRN and longrope make attention sharper with it, elsewhere it is 1.
    let magnitude: Float
    /// Whether a pair is two neighbours, (2i, 2i+1), or one from each half, (i, i + size/2).
    let isInterleaved: Bool
    /// Cosines, then sines, of the first positions, so that short sequences need not compute them again and again.
    private let table: [Float]
    private static let tabulatedPositions = 1_024

    /// - Parameters:
    ///   - size: how many elements of a head are turned, an even number.
    ///   - isLong: whether texts outgrow longrope's original context.
    init(_ configuration: RopeConfiguration, size: Int, isInterleaved: Bool = false, isLong: Bool = false) {
        let plain = stride(from: 0, to: size, by: 2).map {
            1 / Foundation.pow(configuration.base, Double($0) / Double(size))
        }
        self.isInterleaved = isInterleaved
        switch configuration.scaling {
        case .none, .dynamic:
            frequencies = plain.map { Float($0) }
            magnitude = 1
        case .linear(let factor):
            frequencies = plain.map { Float($0 / factor) }
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
        case .longRope(let longRope):
            frequencies = zip(plain, isLong ? longRope.long : longRope.short).map { Float($0 / $1) }
            magnitude = Float(longRope.magnitude)
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

    /// Appends the cosines and sines of some positions, position after position.
    func append(_ positions: Range<Int>, to turns: inout [Float]) {
        let width = 2 * frequencies.count
        for position in positions {
            if position < Self.tabulatedPositions {
                turns += table[position * width..<(position + 1) * width]
            } else {
                Self.append(position, frequencies, magnitude, to: &turns)
            }
        }
    }
}
