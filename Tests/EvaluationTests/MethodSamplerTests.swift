import Backbone
import Decoding
import Foundation
import Generation
import Scoring
import Tasks
import Tensor
import Testing
import Tokenizers
import Trajectories
@testable import Evaluation

/// With the model that the project carries.
@Suite struct MethodSamplerTests {
    private func sampler(problems: Int, verifier: any Verifier = CountdownVerifier()) throws -> MethodSampler {
        let file = EmbeddedEvaluation.data.appendingPathComponent("validation.jsonl").path
        return MethodSampler(
            try ProblemSampler(
                model: Transformer(directory: EmbeddedEvaluation.modelFolder),
                tokenizer: Tokenizer(directory: EmbeddedEvaluation.modelFolder),
                verifier: verifier, rendering: PromptRendering(),
                problems: ProblemFile.read(file, for: .countdown, limit: problems)),
            maxTokens: 200, width: 32)
    }

    @Test func outcomesAreThoseThatTheVerifierGivesOneByOne() throws {
        let sampler = try sampler(problems: 20), method = try Method(pair: StaticPair(temperature: 0.8, topP: 0.95))
        let outcomes = try sampler.run(method, samples: 4, seed: 1).outcomes
        let completions = try sampler.sampler.sample(
            0..<20, with: method.policy, samples: 4, maxTokens: 200, seed: 1, width: 5)
        var correctCount = 0
        for (place, samples) in completions.enumerated() {
            let problem = sampler.problems[place], outcome = outcomes.problems[place]
            let ended = samples.filter { $0.sample.finish == .endOfSequence }
            let correct = try ended.count { completion in
                let text = try #require(sampler.sampler.text(of: completion.sample.tokens))
                return CountdownVerifier().verdict(on: text, of: problem).isCorrect
            }
            #expect(outcome.problem == problem.id && outcome.samples == 4 && outcome.correct == correct)
            #expect(outcome.truncated == 4 - ended.count && outcome.faults == 0)
            #expect(outcome.tokens == samples.reduce(0) { $0 + $1.sample.tokens.count })
            correctCount += correct
        }
        #expect(abs(outcomes.passRate - Double(correctCount) / 80) < 1e-12)
        #expect(correctCount > 0 && correctCount < 80, "both kinds occur")
    }

    /// Breaks down where the first logit says so; never where `always` is false and no row does.
    private struct BreaksDown: DecodingPolicy {
        var always = false

        func choose(
            hidden: Tensor<Float>, logits: Tensor<Float>, random: inout [RandomGenerator]
        ) throws -> [Decision] {
            for row in 0..<logits.rows where always || logits[row, 0].bitPattern % 29 == 0 {
                throw PolicyError.logitNotFinite(row: row, token: 0, logit: .nan)
            }
            return try SamplingPolicy(temperature: 1).choose(hidden: hidden, logits: logits, random: &random)
        }
    }

    @Test func aCompletionThatBreaksDownIsCountedAndNamedAndOthersStay() throws {
        let sampler = try sampler(problems: 12)
        let broken = try sampler.run(Method(name: "breaks", policy: BreaksDown()), samples: 4, seed: 3).outcomes
        let whole = try sampler.run(Method(pair: .defaultSampling), samples: 4, seed: 3).outcomes
        #expect(broken.faults > 0 && broken.faults < broken.samples && broken.firstFault == .modelFailed)
        // It would break down again: nobody needs to ask.
        #expect(!broken.hasFaultOfVerifier)
        for (found, expected) in zip(broken.problems, whole.problems) {
            #expect(found.samples == 4 && found.correct + found.truncated + found.faults <= 4)
            if found.faults == 0 { #expect(found == expected) }
            #expect((found.firstFault == .modelFailed) == (found.faults > 0))
        }
    }

    @Test func whereNoCompletionHasATokenThereAreNoMeanKnobsAndTheResultsCanBeWritten() throws {
        let sampler = try sampler(problems: 3)
        let outcomes = try sampler.run(
            Method(name: "breaks", policy: BreaksDown(always: true)), samples: 2, seed: 3
        ).outcomes
        #expect(outcomes.faults == 6 && outcomes.tokens == 0)
        #expect(outcomes.meanTemperature == nil && outcomes.meanTopP == nil && MeanKnobs(of: outcomes) == nil)
        let effects = EvaluationResults.CommandEffect.effects(
            plain: outcomes, spoken: [(.certain, outcomes)], Resamples(problems: 3))
        #expect(effects.isEmpty)
        _ = try JSONEncoder().encode(outcomes)
    }

    @Test func theSeedDecidesAndThreadsDoNot() throws {
        let sampler = try sampler(problems: 8), method = try Method(pair: .defaultSampling)
        let one = try Parallel.$threads.withValue(1) { try sampler.run(method, samples: 4, seed: 7).outcomes }
        let two = try Parallel.$threads.withValue(2) { try sampler.run(method, samples: 4, seed: 7).outcomes }
        #expect(one == two)
        #expect(try sampler.run(method, samples: 4, seed: 8).outcomes != one)
    }

    @Test func seedsThatAreSampledTogetherAreAsTheyAreAlone() throws {
        let sampler = try sampler(problems: 12), method = try Method(pair: StaticPair(temperature: 0.6, topP: 0.9)),
            seeds: [UInt64] = [7, 3, 9]
        var together: [Int: Outcomes] = [:]
        try sampler.runs(
            method, samples: 2, seeds: seeds,
            onRun: { place, run in
                #expect(together[place] == nil && run.seconds > 0)
                together[place] = run.outcomes
            })
        let alone = try seeds.map { try sampler.run(method, samples: 2, seed: $0).outcomes }
        #expect(seeds.indices.map { together[$0] } == alone)
        #expect(Set(alone.map(\.tokens)).count > 1)
    }

    @Test func greedyDrawsOneSample() throws {
        let outcomes = try sampler(problems: 4).run(.greedy, samples: 16, seed: 0).outcomes
        #expect(outcomes.problems.allSatisfy { $0.samples == 1 })
    }

    @Test func cancellingGivesNothing() throws {
        #expect(throws: CancellationError.self) {
            try sampler(problems: 4).run(.greedy, samples: 1, seed: 0, isCancelled: { true })
        }
    }

    @Test func knobsAreCountedTokenByToken() throws {
        let outcomes = try sampler(problems: 3).run(
            Method(pair: StaticPair(temperature: 0.5, topP: 0.75)), samples: 2, seed: 0
        ).outcomes
        #expect(
            outcomes.problems.allSatisfy {
                $0.temperatureSum == 0.5 * Double($0.tokens) && $0.topPSum == 0.75 * Double($0.tokens)
            })
        #expect(outcomes.meanTemperature == 0.5 && outcomes.meanTopP == 0.75)
    }

    @Test func failuresOfTheVerifierAreCounted() throws {
        struct FailsAtTwelve: Verifier {
            func verdict(on completion: String, of problem: Problem) -> Verdict {
                completion.count > 12 ? .wrong(.graderMemoryLimit) : .wrong(.noAnswer)
            }
        }
        let sampler = try sampler(problems: 6, verifier: FailsAtTwelve())
        let completions = try sampler.sampler.sample(
            0..<6, with: Method(pair: StaticPair(temperature: 0.6, topP: 1)).policy, samples: 8, maxTokens: 200,
            seed: 3, width: 32)
        let outcomes = try sampler.run(Method(pair: StaticPair(temperature: 0.6, topP: 1)), samples: 8, seed: 3)
            .outcomes
        for (problem, samples) in zip(outcomes.problems, completions) {
            let long = samples.count {
                !$0.sample.isTruncated && (sampler.sampler.text(of: $0.sample.tokens)?.count ?? 0) > 12
            }
            #expect(
                problem.faults == long && problem.correct == 0
                    && (problem.firstFault == .graderMemoryLimit) == (long > 0))
        }
        #expect(outcomes.faults > 0 && outcomes.firstFault == .graderMemoryLimit)
    }

    @Test func storedOutcomesReadAsTheyWere() throws {
        let outcomes = Outcomes(problems: [
            ProblemOutcome(
                problem: "a", samples: 3, correct: 1, truncated: 1, tokens: 7, temperatureSum: 0.1 + 0.2,
                topPSum: 1.0 / 3),
            ProblemOutcome(
                problem: "b", samples: 3, correct: 0, truncated: 0, tokens: 9, faults: 2, firstFault: .graderFailed,
                temperatureSum: 4, topPSum: 8),
        ])
        #expect(try JSONDecoder().decode(Outcomes.self, from: JSONEncoder().encode(outcomes)) == outcomes)
    }
}
