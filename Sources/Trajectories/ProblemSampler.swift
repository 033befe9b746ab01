import Backbone
import Decoding
import Tasks

/// Samples completions of problems, with any policy, and has each judged.
///
/// What is sampled for a problem depends on the seed and on the problem's place in the list, not on the problems around it.
public struct ProblemSampler: Sendable {
    public let model: Transformer
    public let tokenizer: Tokenizer
    public let problems: [Problem]
    /// Of each problem its text and ids.
    public let prompts: [(text: String, ids: [Int])]
    /// At least one.
    public let endTokens: [Int]
    private let verifier: any Verifier

    /// - Throws: ``SamplingError`` for a model that names no end token; `ModelError` for the first problem whose prompt does not fit the model.
    public init(model: Transformer, tokenizer: Tokenizer, verifier: any Verifier, rendering: PromptRendering, problems: [Problem]) throws {
        endTokens = model.endTokens(or: tokenizer)
        guard !endTokens.isEmpty else {
            throw SamplingError("the model names no end token, expected eos_token_id in its config.json or generation_config.json")
        }
        (self.model, self.tokenizer, self.verifier, self.problems) = (model, tokenizer, verifier, problems)
        prompts = try problems.map { problem in
            let text = rendering.prompt(for: problem), ids = try tokenizer.promptIDs(text)
            try model.requireFit(prompt: ids, "the prompt of problem \(problem.id)")
            return (text, ids)
        }
    }

    /// A completion, and what the verifier says about it.
    public struct Completion: Sendable {
        public let sample: GeneratedSample
        /// Nil for one that was cut off: it is wrong, whatever its text says.
        public let verdict: Verdict?

        public var isCorrect: Bool { verdict == .correct }
    }

    /// Samples a run of problems, starting from an empty batch.
    ///
    /// - Parameters:
    ///   - samples: completions a problem.
    ///   - maxTokens: longest completion, its end token included.
    ///   - width: completions that are decoded together.
    ///   - onCompletion: hears of each completion as it is judged.
    /// - Returns: of each problem its completions.
    /// - Throws: `CancellationError` where it was cancelled; nothing is kept of the run then.
    public func sample(
        _ range: Range<Int>, with policy: any DecodingPolicy, samples: Int, maxTokens: Int, seed: UInt64, width: Int,
        onCompletion: (Completion) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws -> [[Completion]] {
        let engine = GenerationEngine(model: model, policy: policy, seed: seed, width: width, endTokens: endTokens)
        let requests = range.map { GenerationRequest(promptIDs: prompts[$0].ids, samples: samples, maxTokens: maxTokens, number: $0) }
        var verdicts: [SampleIndex: Verdict] = [:]
        let completions = try engine.generate(requests, onFinish: { sample in
            guard sample.finish != .interrupted else { return }
            let verdict = sample.isTruncated ? nil : self.verdict(on: sample, of: problems[range.lowerBound + sample.index.request])
            verdicts[sample.index] = verdict
            onCompletion(Completion(sample: sample, verdict: verdict))
        }, isCancelled: isCancelled)
        guard completions.joined().allSatisfy({ $0.finish != .interrupted }) else { throw CancellationError() }
        return completions.map { $0.map { Completion(sample: $0, verdict: verdicts[$0.index]) } }
    }

    private func verdict(on sample: GeneratedSample, of problem: Problem) -> Verdict {
        text(of: sample.tokens).map { verifier.verdict(on: $0, of: problem) } ?? .wrong(.malformed)
    }

    /// The text of a completion without its end token; nil where an id names no token. Other special tokens are spelled out.
    public func text(of tokens: [Int]) -> String? {
        let isEnded = tokens.last.map(endTokens.contains) ?? false
        return try? tokenizer.decode(isEnded ? tokens.dropLast() : tokens[...])
    }
}

/// Why nothing can be sampled, in one sentence.
public struct SamplingError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
