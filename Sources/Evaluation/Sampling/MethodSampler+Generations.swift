import Backbone
import Generation
import Trajectories

extension MethodSampler {
    /// One completion each of the first problems, token by token.
    ///
    /// - Throws: `CancellationError` where it was cancelled.
    func generations(
        _ method: Method, problems count: Int, seed: UInt64, isCancelled: () -> Bool
    ) throws -> [EvaluationResults.Generation] {
        let completions = try sampler.sample(
            0..<count, with: method.policy, samples: 1, maxTokens: maxTokens, seed: seed, width: width,
            isCancelled: isCancelled)
        return try completions.joined().enumerated().map { place, completion in
            var text = CompletionText(sampler.tokenizer, stops: [], endTokens: Set(sampler.endTokens))
            let tokens = try completion.sample.decisions.map { decision in
                EvaluationResults.Generation.Token(
                    text: try text.append(decision), temperature: decision.temperature, topP: decision.topP,
                    probability: decision.probability,
                    entropy: decision.entropy)
            }
            return EvaluationResults.Generation(
                method: method.name, problem: problems[place].id, prompt: sampler.prompts[place].text,
                isCorrect: completion.isCorrect,
                isTruncated: completion.sample.isTruncated, tokens: tokens)
        }
    }
}
