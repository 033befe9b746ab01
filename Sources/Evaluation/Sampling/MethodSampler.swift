import Backbone
import Tasks
import Tensor

/// Draws completions of a task's problems with any method, and has them judged.
///
/// Problems are cut into fixed blocks, each started from an empty batch; a completion's random stream is named by its
/// seed, its problem's place in the list and its own number. So a figure depends on the seed and on the block alone.
public struct MethodSampler: Sendable {
    public let model: Transformer
    public let tokenizer: Tokenizer
    public let problems: [Problem]
    public let verifier: any Verifier
    public let rendering: PromptRendering
    /// Longest completion, its end token included.
    public let maxTokens: Int
    /// Completions that are decoded together.
    public let width: Int

    /// Completions of a block, about.
    private static let blockSamples = 2_048

    public init(
        model: Transformer, tokenizer: Tokenizer, problems: [Problem], verifier: any Verifier, rendering: PromptRendering,
        maxTokens: Int, width: Int
    ) {
        (self.model, self.tokenizer, self.problems, self.verifier) = (model, tokenizer, problems, verifier)
        (self.rendering, self.maxTokens, self.width) = (rendering, maxTokens, width)
    }

    /// Samples every problem.
    ///
    /// - Parameters:
    ///   - samples: completions a problem; a deterministic method draws one.
    ///   - onProblems: told how many more problems are done.
    /// - Returns: nil where it was cancelled.
    /// - Throws: what the engine throws, such as `ModelError` for a prompt that does not fit the context.
    public func outcomes(
        of method: Method, samples: Int, seed: UInt64, onProblems: (Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws -> Outcomes? {
        let samples = method.isDeterministic ? 1 : samples
        let block = max(1, Self.blockSamples / samples)
        let engine = GenerationEngine(model: model, policy: method.policy, seed: seed, width: width, endTokens: endTokens)
        var outcomes = Outcomes(problems: [])
        for start in stride(from: 0, to: problems.count, by: block) {
            let places = start..<min(start + block, problems.count)
            let requests = try places.map { place in
                GenerationRequest(
                    promptIDs: try tokenizer.promptIDs(rendering.prompt(for: problems[place])), samples: samples, maxTokens: maxTokens,
                    number: place)
            }
            let completions = try engine.generate(requests, isCancelled: isCancelled)
            if isCancelled() { return nil }
            outcomes.problems += try zip(places, completions).map { try judge($1, of: problems[$0]) }
            onProblems(places.count)
        }
        return outcomes
    }

    /// The model's end tokens, or else the tokenizer's.
    private var endTokens: [Int] {
        model.configuration.endTokens.isEmpty ? [tokenizer.endOfSequence].compactMap { $0 } : model.configuration.endTokens
    }

    private func judge(_ completions: [GeneratedSample], of problem: Problem) throws -> ProblemOutcome {
        let ends = Set(endTokens)
        let correct = try completions.filter { completion in
            guard !completion.isTruncated else { return false }
            let text = try tokenizer.decode(completion.tokens.filter { !ends.contains($0) })
            return verifier.verdict(on: text, of: problem).isCorrect
        }
        return ProblemOutcome(
            problem: problem.id, samples: completions.count, correct: correct.count, truncated: completions.filter(\.isTruncated).count,
            tokens: completions.reduce(0) { $0 + $1.decisions.count })
    }
}
