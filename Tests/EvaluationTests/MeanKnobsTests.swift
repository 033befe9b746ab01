import AutoDecoHeads
import Foundation
import HiddenStateCache
import LogitSketches
import Scoring
import Tensor
import TestSupport
import Testing
@testable import Evaluation

@Suite struct MeanKnobsTests {
    @Test func theAverageIsThatByHand() throws {
        let corpus = try DiagnosisCorpus(cold: 0.5, warm: 1.6)
        let heads = DiagnosisCorpus.heads(cold: 0.5, warm: 1.6, column: 0, topP: 0.8)
        let trajectories = Array(corpus.cache.trajectories.dropFirst(20).prefix(30))
        var sum = 0.0, count = 0.0
        let hidden = try corpus.cache.batch(of: trajectories, as: Float.self).hidden
        for row in 0..<hidden.rows {
            // The head by its formula: a ramp from the cold to the warm logit over −0.005 … 0.005.
            func logit(_ p: Double) -> Double { log(p / (1 - p)) }
            let ramp = min(max(100 * Double(hidden[row, 0]) + 0.5, 0), 1)
            sum += 2 / (1 + exp(-(logit(0.25) + ramp * (logit(0.8) - logit(0.25)))))
            count += 1
        }
        let knobs = try MeanKnobs(of: heads, on: corpus.cache, over: trajectories)
        #expect(abs(knobs.temperature - sum / count) < 1e-5 && abs(knobs.topP - 0.8) < 1e-6)
        #expect(knobs.temperature > 0.9 && knobs.temperature < 1.2)
        #expect(knobs.pair.topP == 0.8 && abs(knobs.pair.temperature - knobs.temperature) <= 0.5e-4)
        #expect(try MeanKnobs(of: heads, on: corpus.cache, over: Array(corpus.cache.trajectories.prefix(20))) != knobs)
    }

    @Test func uncertainTokensHaveAMeanOfTheirOwn() throws {
        // Wide logits, so that many tokens are certain; the cold ones are where the first column is negative.
        let corpus = try DiagnosisCorpus(cold: 0.5, warm: 1.6)
        let heads = DiagnosisCorpus.heads(cold: 0.5, warm: 1.6, column: 0, topP: 0.8)
        let trajectories = Array(corpus.cache.trajectories.prefix(40))
        let batch = try corpus.cache.batch(of: trajectories, as: Float.self)
        let ones = Tensor<Float>(shape: [batch.count, 1], repeating: 1)
        let largest = batch.sketches.features(temperature: ones)
        let said = heads.predict(hidden: batch.hidden, logits: batch.sketches).temperature
        let places = (0..<batch.count).filter { largest[$0, 0] < 0.95 }
        let mean = places.reduce(0) { $0 + Double(said[$1, 0]) } / Double(places.count)
        let knobs = try MeanKnobs(of: heads, on: corpus.cache, over: trajectories)
        let uncertain = try #require(knobs.uncertain)
        #expect(places.count > 100 && places.count < batch.count - 20)
        #expect(abs(uncertain.temperature - mean) < 1e-6 && abs(mean - knobs.temperature) > 1e-3)
        #expect(uncertain.share == Double(places.count) / Double(batch.count))
        let diagnosis = try TokenDiagnosis(of: heads, on: corpus.cache)
        #expect(diagnosis.uncertain.tokens < diagnosis.total.tokens && diagnosis.uncertain.tokens > 100)
        #expect(abs(diagnosis.uncertain.meanTemperature - mean) < 0.05)
        #expect(diagnosis.words.contains("that are uncertain (largest p of the model below 0.95)"))
        #expect(diagnosis.table.contains("uncertain") && diagnosis.table.contains("mean T̂"))
    }

    @Test func outcomesAreAveragedOverTokensNotProblems() {
        let knobs = MeanKnobs(
            of: Outcomes(problems: [
                ProblemOutcome(
                    problem: "a", samples: 1, correct: 0, truncated: 0, tokens: 3, temperatureSum: 3, topPSum: 1.5),
                ProblemOutcome(
                    problem: "b", samples: 1, correct: 0, truncated: 0, tokens: 1, temperatureSum: 0, topPSum: 0.5),
            ]))
        #expect(knobs?.pair == StaticPair(temperature: 0.75, topP: 0.5))
    }

    @Test func onlyACacheOfTheSameModelFits() throws {
        let corpus = try DiagnosisCorpus(cold: 0.5, warm: 1.6)
        let heads = DiagnosisCorpus.heads(cold: 0.5, warm: 1.6, column: 0).configuration
        let split = TrajectorySplit(validationFraction: 0.2, seed: 1)
        func sentence(
            _ folder: URL, _ vocabularySize: Int, _ heads: HeadsConfiguration, _ split: TrajectorySplit
        ) -> String {
            do {
                let tokens = try HeldOutTokens(
                    folder: folder, split: split, modelFolder: folder, vocabularySize: vocabularySize, heads: heads)
                return "\(tokens.trajectories == tokens.cache.trajectories(.validation, of: split))"
            } catch { return "\(error)" }
        }
        let folder = corpus.folder.url, V = DiagnosisCorpus.V
        #expect(sentence(folder, V, heads, split) == "true")
        #expect(
            sentence(folder.appendingPathComponent("none"), V, heads, split).contains("holds no hidden-state cache"))
        #expect(sentence(folder, V + 1, heads, split).contains("of a model of \(V) tokens, this one has \(V + 1)"))
        #expect(sentence(folder, V, HeadsConfiguration(hiddenSize: 9), split).contains("the heads read 9 columns"))
        #expect(sentence(folder, V, heads, TrajectorySplit(validationFraction: 0, seed: 1)).contains("held out none"))
    }
}
