import Tensor
import Testing

@testable import Decoding

/// What a decision says of its token's probability, against the sorted reference.
struct DrawProbabilityTests {
    @Test(arguments: Row.allCases, TruncationTests.Way.allCases)
    func everyTokenTellsItsProbabilityAfterTheTruncation(_ kind: Row, _ way: TruncationTests.Way) throws {
        var random = RandomGenerator(seed: 31)
        var held = 0
        for V in [1, 5, 50, 700] {
            let row = kind.logits(V, &random)
            for temperature in [0.2, 1, 1.9] {
                try withSampler(row, temperature: temperature) { sampler in
                    for truncation in TruncationTests.truncations {
                        let reference = Reference(row, temperature: temperature, truncation: truncation)
                        if reference.isAmbiguous { continue }
                        for j in 0..<20 {
                            let drawn = TruncationTests.draw(sampler, truncation, way, (Double(j) + 0.5) / 20)
                            let expected = reference.probabilities[drawn.token]
                            #expect(
                                abs(drawn.probability - expected) <= 2e-5 * expected + 1e-7,
                                "\(kind), V = \(V), T = \(temperature), \(truncation), token \(drawn.token)")
                            held += 1
                        }
                    }
                }
            }
        }
        #expect(held > 2_000)
    }

    @Test func greedyDecodingIsCertainOfItsToken() throws {
        var random = [RandomGenerator(seed: 1)]
        let logits = Tensor<Float>(shape: [1, 3], [1, 2, 0]), hidden = Tensor<Float>(shape: [1, 1], [0])
        let decision = try GreedyPolicy().choose(hidden: hidden, logits: logits, random: &random)[0]
        #expect(decision.token == 1 && decision.drawProbability == 1 && decision.probability < 0.7)
    }

    @Test func renormalisationRaisesWhatAFilterKeeps() throws {
        var random = [RandomGenerator(seed: 1)]
        let logits = Tensor<Float>(shape: [1, 4], [0, 0, 0, 0]), hidden = Tensor<Float>(shape: [1, 1], [0])
        let policy = try SamplingPolicy(temperature: 1, topP: 0.5)
        let decision = try policy.choose(hidden: hidden, logits: logits, random: &random)[0]
        #expect(abs(decision.probability - 0.25) < 1e-6 && abs(decision.drawProbability - 0.5) < 1e-6)
    }
}
