import Tensor
import Testing

@testable import Decoding

/// Sampled frequencies against the exact distribution.
struct FrequencyTests {
    static let truncations: [Truncation] = [
        .none, .topP(0.9, .hard), .topP(0.9, .soft), .topP(0.9, .inclusive), .topP(0.3, .hard), .topP(0.3, .soft),
        .topP(0.3, .inclusive),
        .topK(7), .topK(700), .minP(0.02), .minP(0.5),
    ]

    @Test(arguments: truncations, [50, 3_000])
    func everyTruncationDrawsItsDistribution(_ truncation: Truncation, _ V: Int) throws {
        var random = RandomGenerator(seed: 11, stream: UInt64(V))
        let kinds =
            V < 100 ? [(Row.bulk, 1.3), (.flat, 0.7), (.tied, 1), (.withImpossible, 0.8)] : [(.bulk, 1.3), (.tied, 1)]
        for (kind, temperature) in kinds {
            let row = kind.logits(V, &random)
            let policy = try SamplingPolicy(temperature: .fixed(temperature), truncation: truncation)
            let counts = try tokenCounts(policy, row, draws: 9_600, seed: 3)
            let score = chiSquareScore(
                counts, Reference(row, temperature: temperature, truncation: truncation).probabilities)
            #expect(score < 4.5, "\(kind), \(truncation), V = \(V)")
        }
    }

    @Test(arguments: [Truncation.none, .topP(0.8, .hard), .topK(20)], [50, 3_000])
    func entropyDrivenTemperatureDrawsItsDistribution(_ truncation: Truncation, _ V: Int) throws {
        var random = RandomGenerator(seed: 12)
        let row = Row.bulk.logits(V, &random)
        let rule = EntropyTemperature(minimum: 0.2, maximum: 1.8, exponent: 0.7)
        let policy = try SamplingPolicy(temperature: .entropy(rule), truncation: truncation)
        let entropy = Reference(row, temperature: 1, truncation: .none).entropy
        let temperature = rule.temperature(entropy: entropy, vocabularySize: V)
        let counts = try tokenCounts(policy, row, draws: 12_800, seed: 4)
        #expect(
            chiSquareScore(counts, Reference(row, temperature: temperature, truncation: truncation).probabilities) < 4.5
        )
    }

    @Test func staticTemperatureAndTopPIsASamplingPolicy() throws {
        var random = RandomGenerator(seed: 13)
        let row = Row.bulk.logits(50, &random)
        for filter in NucleusFilter.allCases {
            let counts = try tokenCounts(
                SamplingPolicy(temperature: 1.1, topP: 0.7, filter: filter), row, draws: 12_800, seed: 5)
            #expect(
                chiSquareScore(counts, Reference(row, temperature: 1.1, truncation: .topP(0.7, filter)).probabilities)
                    < 4.5, "\(filter)")
        }
    }

    @Test func theScoreNoticesAnotherDistribution() throws {
        var random = RandomGenerator(seed: 14)
        let row = Row.bulk.logits(3_000, &random)
        let counts = try tokenCounts(SamplingPolicy(temperature: 1), row, draws: 12_800, seed: 6)
        #expect(chiSquareScore(counts, Reference(row, temperature: 1.1, truncation: .none).probabilities) > 10)
        #expect(
            chiSquareScore(counts, Reference(row, temperature: 1, truncation: .topK(30)).probabilities) == .infinity)
    }
}
