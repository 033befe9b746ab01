import LogitSketches
import TestSupport
import Testing

@testable import Scoring

/// A diagnosis weighs labels as training did, so that the two do not contradict each other.
@Suite struct WeightedDiagnosisTests {
    /// Of text that was sampled at T = 1, half the temperature is best where labels count by their base probability,
    /// and a loss where they count the same.
    @Test func heldToDynamicFineTuningsWeightsHalfTheTemperatureIsABetterMean() throws {
        let corpus = try DiagnosisCorpus(cold: 1, warm: 1)
        let heads = DiagnosisCorpus.heads(cold: 0.5, warm: 0.5, column: 0)
        let plain = try TokenDiagnosis(of: heads, on: corpus.cache)
        let weighted = try TokenDiagnosis(of: heads, on: corpus.cache, isWeighted: true)
        #expect(plain.total.meanGain.isBelowZero && plain.finding == .neither && !plain.isWeighted)
        #expect(weighted.total.meanGain.isAboveZero && weighted.finding == .betterMean && weighted.isWeighted)
        #expect(weighted.words.contains("weighed by their base probability"))
        #expect(!plain.words.contains("weighed by their base probability"))
    }

    /// Σ weight·gain over the number of tokens, as the loss is; β by weight alone.
    @Test func aTokensWeightMultipliesWhatItGains() throws {
        let quartiles = EntropyQuartiles(bounds: [1, 2, 3])
        func token(_ number: Int, _ weight: Double) -> TokenObservation {
            let g = number % 3 == 0 ? 0.5 : -0.25, δ = number % 2 == 0 ? 0.5 : 0.25
            var token = TokenObservation(
                trajectory: number % 25, entropy: 0.5, inverseTemperature: 1 + δ, logProbabilityAtOne: -3,
                logProbability: -2 + g * δ - δ * δ / 2, bestLogProbability: -1,
                atMean: InverseTemperatureResponse(inverseTemperature: 1, logProbability: -2, slope: g, variance: 1))
            token.weight = weight
            return token
        }
        let weights = (0..<100).map { Double($0 % 4) / 4 }
        let total = try TokenDiagnosis(
            of: weights.enumerated().map { token($0, $1) }, mean: 1, isWeighted: true, quartiles: quartiles
        ).total
        let all = weights.indices.map { token($0, weights[$0]) }
        func mean(_ value: (TokenObservation) -> Double) -> Double {
            all.reduce(0) { $0 + $1.weight * value($1) } / 100
        }
        #expect(abs(total.gain.mean - mean { $0.logProbability + 2 }) < 1e-12)
        #expect(abs(total.meanGain.mean - mean { _ in 1 }) < 1e-12)
        #expect(abs(total.oracleGain - mean { _ in 1 }) < 1e-12 && abs(total.remainder) < 1e-12)
        let β = mean(\.inverseTemperature) / (weights.reduce(0, +) / 100)
        #expect(abs(total.meanInverseTemperature - β) < 1e-12 && total.tokens == 100)
    }
}
