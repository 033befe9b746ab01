import Backbone
import Decoding
import Generation
import Tasks
import Tokenizers

/// Samples completions of problems, with any policy, and has each judged.
///
/// What is sampled for a problem depends on the seed and on the problem's place in the list, not on the problems around
/// it.
public struct ProblemSampler: Sendable {
    public let model: Transformer
    public let tokenizer: Tokenizer
    public let problems: [Problem]
    /// Of each problem its text and ids.
    public let prompts: [(text: String, ids: [Int])]
    /// At least one.
    public let endTokens: [Int]
    /// Texts before which a completion ends.
    public let stops: [String]
    private let verifier: any Verifier

    /// - Throws: ``SamplingError`` for a model that names no end token; `ModelError` for the first problem whose prompt
    ///   does not fit the model.
    public init(
        model: Transformer, tokenizer: Tokenizer, verifier: any Verifier, rendering: PromptRendering,
        stops: [String] = [], problems: [Problem]
    ) throws {
        self.stops = stops
        endTokens = model.endTokens(with: tokenizer)
        guard !endTokens.isEmpty else {
            throw SamplingError(
                "the model names no end token, expected eos_token_id in its config.json or generation_config.json, or "
                    + "eos_token in its tokenizer_config.json")
        }
        (self.model, self.tokenizer, self.verifier, self.problems) = (model, tokenizer, verifier, problems)
        try tokenizer.requireControlTokens(ofPreset: rendering.template, placeholder: PromptRendering.placeholder)
        prompts = try problems.map { problem in
            let text = rendering.prompt(for: problem), ids = try tokenizer.promptIDs(text)
            try model.requireFit(prompt: ids, "the prompt of problem \(problem.id)")
            return (text, ids)
        }
    }

    /// A sampler of some of the problems, in another order or more than once.
    ///
    /// - Parameter places: in ``problems``.
    public func selecting(_ places: some Sequence<Int>) -> ProblemSampler {
        ProblemSampler(self, places: Array(places))
    }

    private init(_ sampler: ProblemSampler, places: [Int]) {
        (model, tokenizer, verifier) = (sampler.model, sampler.tokenizer, sampler.verifier)
        (endTokens, stops) = (sampler.endTokens, sampler.stops)
        problems = places.map { sampler.problems[$0] }
        prompts = places.map { sampler.prompts[$0] }
    }

    /// A completion, and what the verifier says about it.
    public struct Completion: Sendable {
        public let sample: GeneratedSample
        /// Nil for one that was cut off: it is wrong, whatever its text says.
        public fileprivate(set) var verdict: Verdict?
        /// The text before a stop text, without special tokens; nil for a completion that met none.
        let stoppedText: String?

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
        onCompletion: (Completion) throws -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws -> [[Completion]] {
        var found: [[Completion]] = []
        try sample(
            range, with: policy, samples: samples, maxTokens: maxTokens, seeds: [seed], width: width,
            onCompletion: onCompletion,
            onSeed: { _, completions in found = completions }, isCancelled: isCancelled)
        return found
    }

    /// Samples a run of problems under several seeds, one after the other, without an empty place in the batch between
    /// them. What is sampled under a seed does not depend on the others.
    ///
    /// - Parameter onSeed: hears of each seed, by its place in `seeds`, when its last completion is judged: of each
    ///   problem its completions.
    /// - Throws: `CancellationError` where it was cancelled; seeds that are done have been told of. What `onCompletion`
    ///   and `onSeed` throw.
    public func sample(
        _ range: Range<Int>, with policy: any DecodingPolicy, samples: Int, maxTokens: Int, seeds: [UInt64], width: Int,
        onCompletion: (Completion) throws -> Void = { _ in }, onSeed: (Int, [[Completion]]) throws -> Void,
        isCancelled: () -> Bool = { false }
    ) throws {
        let engine = GenerationEngine(model: model, policy: policy, width: width, endTokens: endTokens)
        let requests = seeds.flatMap { seed in
            range.map {
                GenerationRequest(
                    promptIDs: prompts[$0].ids, samples: samples, maxTokens: maxTokens, number: $0, seed: seed)
            }
        }
        let fresh = CompletionText(tokenizer, stops: stops, endTokens: engine.endTokens)
        var texts: [SampleIndex: CompletionText] = [:]
        var done = seeds.map { _ in range.map { _ in [Completion?](repeating: nil, count: samples) } }
        var open = seeds.map { _ in range.count * samples }
        _ = try engine.generate(
            requests,
            onToken: { index, decision in
                guard !stops.isEmpty else { return true }
                _ = try texts[index, default: fresh].append(decision)
                return texts[index]?.isStopped == false
            },
            onFinish: { sample in
                let text = texts.removeValue(forKey: sample.index)
                guard sample.finish != .interrupted else { return }
                let (seed, place) = sample.index.request.quotientAndRemainder(dividingBy: range.count)
                var completion = Completion(
                    sample: sample, verdict: nil, stoppedText: sample.finish == .stopped ? text?.shown : nil)
                if !sample.isTruncated {
                    completion.verdict = verdict(on: completion, of: problems[range.lowerBound + place])
                }
                try onCompletion(completion)
                done[seed][place][sample.index.sample] = completion
                open[seed] -= 1
                guard open[seed] == 0 else { return }
                try onSeed(seed, done[seed].map { $0.compactMap(\.self) })
                done[seed] = []
            }, isCancelled: isCancelled)
        guard open.allSatisfy({ $0 == 0 }) else { throw CancellationError() }
    }

    private func verdict(on completion: Completion, of problem: Problem) -> Verdict {
        if completion.sample.finish == .failed { return .wrong(.modelFailed) }
        return text(of: completion).map { verifier.verdict(on: $0, of: problem) } ?? .wrong(.malformed)
    }

    /// What the verifier sees of a completion: its text without its end token, nil where an id names no token. Of one
    /// that met a stop text, what `autodeco-generate` shows: the text before it, without special tokens.
    public func text(of completion: Completion) -> String? {
        completion.stoppedText ?? text(of: completion.sample.tokens)
    }

    /// The text of a completion without its end token; nil where an id names no token. Other special tokens are spelled
    /// out.
    public func text(of tokens: [Int]) -> String? {
        let isEnded = tokens.last.map(endTokens.contains) ?? false
        return try? tokenizer.decode(isEnded ? tokens.dropLast() : tokens[...])
    }
}

/// Why nothing can be sampled, in one sentence.
public struct SamplingError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    /// - Parameter description: one sentence.
    public init(_ description: String) { self.description = description }
}
