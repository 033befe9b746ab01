import Foundation
import Tensor
import TestSupport
import Testing
@testable import Backbone

/// Frequencies and factors computed by hand from the papers' equations.
@Suite struct RotaryEmbeddingTests {
    private func close(_ a: Float, _ b: Double) -> Bool { abs(Double(a) - b) <= 1e-6 * max(1, abs(b)) }

    @Test func plainFrequenciesArePowersOfTheBase() {
        let rope = RotaryEmbedding(RopeConfiguration(base: 10_000), size: 8)
        #expect(rope.frequencies == [1, 0.1, 0.01, 0.001])
        #expect(rope.magnitude == 1)
    }

    @Test func linearSlowsAllWavesDown() {
        let rope = RotaryEmbedding(RopeConfiguration(base: 10_000, scaling: .linear(factor: 4)), size: 8)
        #expect(zip(rope.frequencies, [0.25, 0.025, 0.0025, 0.00025]).allSatisfy { close($0, $1) })
        #expect(rope.magnitude == 1)
    }

    /// It begins to slow down past `max_position_embeddings`, where texts end here.
    @Test func dynamicLeavesTextsWithinTheContextAlone() {
        let rope = RotaryEmbedding(RopeConfiguration(base: 10_000, scaling: .dynamic(factor: 4)), size: 8)
        #expect(rope.frequencies == RotaryEmbedding(RopeConfiguration(base: 10_000), size: 8).frequencies)
    }

    @Test func partOfAHeadIsTurnedAndTheRestStays() {
        var x = Tensor<Float>(shape: [1, 12], (1...12).map { Float($0) })
        // Two heads of 6, of which 4 elements are turned, by a quarter and by nothing.
        Rotations(pairs: 2, isInterleaved: false, turns: [0, 1, 1, 0]).apply(to: &x, heads: 2, headSize: 6)
        #expect(x.elements == [-3, 2, 1, 4, 5, 6, -9, 8, 7, 10, 11, 12])
    }

    @Test func llama3SlowsLongWavesDown() {
        // Within 32 positions frequency 1 turns 5.09 times (kept, above 4), 0.316 turns 1.61 times (between), and 0.1
        // and slower less than once (an eighth of the speed).
        let scaling = RopeConfiguration.Scaling.llama3(
            factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 32)
        let rope = RotaryEmbedding(RopeConfiguration(base: 10_000, scaling: scaling), size: 16)
        let second = pow(10_000, -0.125), turns = 32 * second / (2 * .pi), kept = (turns - 1) / 3
        #expect(kept > 0 && kept < 1)
        #expect(rope.frequencies[0] == 1)
        #expect(close(rope.frequencies[1], second * (1 - kept) / 8 + second * kept))
        #expect(close(rope.frequencies[2], pow(10_000, -0.25) / 8))
        #expect(close(rope.frequencies[7], pow(10_000, -0.875) / 8))
    }

    private func yarn(
        truncates: Bool, scale: Double = 0, all: Double = 0, attentionFactor: Double? = nil
    ) -> RopeConfiguration {
        RopeConfiguration(
            base: 10_000,
            scaling: .yarn(
                .init(
                    factor: 4, betaFast: 4, betaSlow: 1, originalContext: 256, truncates: truncates,
                    attentionFactor: attentionFactor,
                    scale: scale, allDimensionsScale: all)))
    }

    @Test func yarnGoesFromKeptToSlowedOverARamp() {
        // Pair of k turns: 16·ln(256 / 2πk) / (2·ln 10000) = 2.0157 for k = 4 and 3.2198 for k = 1.
        let low = 16 * log(256 / (8 * .pi)) / (2 * log(10_000.0)),
            high = 16 * log(256 / (2 * .pi)) / (2 * log(10_000.0))
        #expect(abs(low - 2.0157) < 1e-3 && abs(high - 3.2198) < 1e-3)
        let exact = RotaryEmbedding(yarn(truncates: false), size: 16).frequencies
        let rounded = RotaryEmbedding(yarn(truncates: true), size: 16).frequencies
        for i in 0..<8 {
            let plain = pow(10_000, -Double(i) / 8)
            let slowed = min(1, max(0, (Double(i) - low) / (high - low))),
                slowedWhole = min(1, max(0, (Double(i) - 2) / 2))
            #expect(close(exact[i], plain * (1 - slowed) + plain / 4 * slowed), "pair \(i)")
            #expect(close(rounded[i], plain * (1 - slowedWhole) + plain / 4 * slowedWhole), "pair \(i), truncated")
        }
        #expect(exact[3] != rounded[3])
    }

    @Test func yarnsMagnitudeComesFromTheFactor() {
        #expect(close(RotaryEmbedding(yarn(truncates: true), size: 16).magnitude, 0.1 * log(4.0) + 1))
        #expect(RotaryEmbedding(yarn(truncates: true, attentionFactor: 1.25), size: 16).magnitude == 1.25)
        let both = RotaryEmbedding(yarn(truncates: true, scale: 1, all: 0.5), size: 16).magnitude
        #expect(close(both, (0.1 * log(4.0) + 1) / (0.05 * log(4.0) + 1)))
        // DeepSeek-V3 has 1 and 1: rope leaves magnitudes alone, attention's scale takes the factor.
        #expect(RotaryEmbedding(yarn(truncates: true, scale: 1, all: 1), size: 16).magnitude == 1)
    }

    @Test func allDimensionsScaleSharpensLatentAttention() throws {
        func scale(_ changes: [String: Any]) throws -> Double {
            Double(try TinyModel(.deepSeekV3, changes).loadConfiguration().attentionScale)
        }
        // A head has 6 + 4 elements. DeepSeek-V3's own: factor 40, mscale_all_dim 1: (0.1·ln 40 + 1)² = 1.8738.
        let scaling: [String: Any] = [
            "type": "yarn", "factor": 40, "mscale": 1.0, "mscale_all_dim": 1.0, "original_max_position_embeddings": 32,
        ]
        #expect(abs(try scale(["rope_scaling": scaling]) * 10.0.squareRoot() - 1.87385) < 1e-4)
        #expect(
            abs(try scale(["rope_scaling": scaling.merging(["mscale_all_dim": 0]) { $1 }]) * 10.0.squareRoot() - 1)
                < 1e-6)
        #expect(abs(try scale(["rope_scaling": NSNull()]) * 10.0.squareRoot() - 1) < 1e-6)
    }

    @Test func pairsAreHalvesOrNeighbours() {
        let x = Tensor<Float>(shape: [1, 5], [9, 1, 2, 3, 4] as [Float])
        let turns: [Float] = [0.6, 0] + [0.8, 1]
        var halves = x, neighbours = x
        Rotations(pairs: 2, isInterleaved: false, turns: turns).apply(to: &halves, heads: 1, headSize: 5, offset: 1)
        Rotations(pairs: 2, isInterleaved: true, turns: turns).apply(to: &neighbours, heads: 1, headSize: 5, offset: 1)
        // (1, 3) by the first angle and (2, 4) by the second; (1, 2) and (3, 4).
        #expect(
            largestDifference(halves, Tensor(shape: [1, 5], [9, 0.6 - 2.4, -4, 0.8 + 1.8, 2] as [Float])).difference
                < 1e-6)
        #expect(
            largestDifference(neighbours, Tensor(shape: [1, 5], [9, 0.6 - 1.6, 0.8 + 1.2, -4, 3] as [Float])).difference
                < 1e-6)
    }
}
