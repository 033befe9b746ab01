import Backbone
import Decoding
import Scoring
import Tasks
import Tensor
import Testing
import Tokenizers
import Trajectories
@testable import Evaluation

@Suite struct CommandEffectsTests {
    /// Greedy, and says that it used these knobs.
    private struct SaysKnobs: DecodingPolicy {
        let temperature: Double, topP: Double
        func choose(hidden: Tensor<Float>, logits: Tensor<Float>, random: inout [RandomGenerator]) throws -> [Decision]
        {
            try GreedyPolicy().choose(hidden: hidden, logits: logits, random: &random).map {
                var decision = $0
                (decision.temperature, decision.topP) = (temperature, topP)
                return decision
            }
        }
    }

    private func outcomes(_ means: [(temperature: Double, topP: Double)]) -> Outcomes {
        Outcomes(
            problems: means.enumerated().map { place, mean in
                ProblemOutcome(
                    problem: "\(place)", samples: 1, correct: 0, truncated: 0, tokens: 4,
                    temperatureSum: 4 * mean.temperature, topPSum: 4 * mean.topP)
            })
    }

    @Test func changesAndConsistencyAreThoseByHand() throws {
        let plain = outcomes([(0.5, 0.75), (0.5, 0.75), (0.5, 0.75), (0.5, 0.75)])
        // Colder on three of four, narrower on one; warmer on one and unmoved on three, wider on all.
        let certain = outcomes([(0.25, 0.75), (0.375, 0.875), (0.75, 0.5), (0.25, 0.75)])
        let diverse = outcomes([(0.5, 1), (0.5, 0.875), (0.75, 0.875), (0.5, 1)])
        let rows = EvaluationResults.CommandEffect.effects(
            plain: plain, spoken: [(.certain, certain), (.diverse, diverse)], Resamples(problems: 4))
        #expect(rows.map(\.command) == [nil, "certain", "diverse"])
        #expect(
            rows.map(\.meanTemperature) == [0.5, 0.40625, 0.5625] && rows.map(\.meanTopP) == [0.75, 0.71875, 0.9375])
        #expect(rows[1].temperatureChange?.mean == -0.09375 && rows[2].topPChange?.mean == 0.1875)
        #expect(rows[1].temperatureConsistency == 0.75 && rows[1].topPConsistency == 0.25)
        #expect(rows[2].temperatureConsistency == 0.25 && rows[2].topPConsistency == 1)
        #expect(rows[0].temperatureChange == nil && rows[0].topPConsistency == nil)
        // All move one way: the interval leaves zero out. Four problems show nothing all the same.
        let wider = try #require(rows[2].topPChange), colder = try #require(rows[1].temperatureChange)
        #expect(wider.lower > 0 && colder.upper >= 0 && !wider.isAboveZero && !colder.isBelowZero)
    }

    @Test func aPolicyThatObeysIsSeenToObey() throws {
        func sampled(_ command: Countdown.Command?, _ policy: SaysKnobs) throws -> Outcomes {
            let file = EmbeddedEvaluation.data.appendingPathComponent("validation.jsonl").path
            let sampler = MethodSampler(
                try ProblemSampler(
                    model: Transformer(directory: EmbeddedEvaluation.modelFolder),
                    tokenizer: Tokenizer(directory: EmbeddedEvaluation.modelFolder),
                    verifier: CountdownVerifier(), rendering: PromptRendering(command: command),
                    problems: ProblemFile.read(file, for: .countdown, limit: 4)),
                maxTokens: 40, width: 8)
            return try sampler.run(Method(name: "obeys", policy: policy), samples: 1, seed: 0).outcomes
        }
        let rows = EvaluationResults.CommandEffect.effects(
            plain: try sampled(nil, SaysKnobs(temperature: 0.75, topP: 0.75)),
            spoken: [
                (.certain, try sampled(.certain, SaysKnobs(temperature: 0.5, topP: 0.5))),
                (.diverse, try sampled(.diverse, SaysKnobs(temperature: 1, topP: 1))),
            ], Resamples(problems: 4))
        #expect(
            rows[1].temperatureChange?.mean == -0.25 && rows[1].temperatureChange?.lower == -0.25
                && rows[1].temperatureChange?.upper == -0.25 && rows[1].temperatureConsistency == 1)
        #expect(
            rows[2].topPChange?.mean == 0.25 && rows[2].topPChange?.lower == 0.25 && rows[2].topPChange?.upper == 0.25
                && rows[2].topPConsistency == 1)
    }
}
