import Backbone
import Decoding
import Tensor

/// Completes many prompts in lockstep: each step reads the weights once for all sequences that are under way.
///
/// Sequences that are done leave and waiting ones take their places, so that steps stay full (continuous batching). A
/// prompt is read once, in chunks, however many samples it has; their caches are forks of its cache. The engine knows
/// ids and decisions, and nothing of text or of heads.
///
/// A sample's tokens depend on the seed, the request's number, the sample's number and the prompt alone, not on what
/// else is under way: each has its own random stream, and rows that are computed together do not change each other's
/// bits. For that, prompts are read one by one and steps are cut into parts of `Transformer.independentRows` (64)
/// sequences; of a tiny model (see `Transformer`) any number of prompts and sequences go together.
public struct GenerationEngine: Sendable {
    public let model: Transformer
    public let policy: any DecodingPolicy
    public let seed: UInt64
    /// How many sequences are under way at once, at most.
    public let width: Int
    /// Tokens that end a sequence.
    public let endTokens: Set<Int>

    /// Tokens of a prompt that are read at once: enough for matrix products at full speed. Cancelling waits for them.
    static let chunkTokens = 512
    /// Tokens of a tiny model's prompts that are read together, about: more would only take memory.
    static let jointTokens = 16_384

    /// - Parameter endTokens: nil takes the model's own.
    public init(
        model: Transformer, policy: any DecodingPolicy, seed: UInt64 = 0, width: Int = 16, endTokens: [Int]? = nil
    ) {
        require(width > 0, "an engine of width \(width)")
        (self.model, self.policy, self.seed, self.width) = (model, policy, seed, width)
        self.endTokens = Set(endTokens ?? model.configuration.endTokens)
    }

    /// Called with each token as it is decided, step by step, in the order in which sequences entered.
    ///
    /// - Returns: whether the sample goes on.
    public typealias TokenHandler = (SampleIndex, Decision) throws -> Bool

    /// Completes all requests.
    ///
    /// - Parameters:
    ///   - onToken: sees each token; stops its sample by returning false.
    ///   - onFinish: sees each sample when it is done, long before the last one may be.
    ///   - isCancelled: asked before each step and each chunk of a prompt. Once true, what is there is returned, and
    ///     whatever was not done is `.interrupted`.
    /// - Returns: of each request its samples.
    /// - Throws: ``ModelError`` before anything runs, for a prompt that is empty, leaves no room in the context or has
    ///   an id outside the vocabulary; `PolicyError` for logits that nothing can be drawn from; what the handlers
    ///   throw.
    public func generate(
        _ requests: [GenerationRequest],
        onToken: TokenHandler = { _, _ in true },
        onFinish: (GeneratedSample) throws -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws -> [[GeneratedSample]] {
        for (index, request) in requests.enumerated() { try check(request, index) }
        var results = requests.enumerated().map { request, wanted in
            (0..<wanted.samples).map {
                GeneratedSample(index: SampleIndex(request: request, sample: $0), finish: .interrupted)
            }
        }
        var waiting = WaitingSamples(requests)
        var running: [RunningSample] = []
        // The last hidden state of each running sample, from which its next token is decided: [running, D].
        var hidden = Tensor<Float>(shape: [0, model.configuration.hiddenSize], repeating: 0)

        while !isCancelled() {
            let entering = try waiting.enter(
                upTo: width - running.count, read: { try read($0, isCancelled) }, seed: seed)
            if !entering.isEmpty {
                running += entering.map(\.sample)
                hidden = hidden.stacked(above: entering.map(\.hidden))
            }
            if running.isEmpty || isCancelled() { break }

            let (decisions, random) = try decide(&running, &hidden) { index, error in
                results[index.request][index.sample].finish = .failed
                results[index.request][index.sample].failure = error.description
                try onFinish(results[index.request][index.sample])
            }
            var next: [RunningSample] = []
            for (row, decision) in decisions.enumerated() {
                var sample = running[row]
                sample.random = random[row]
                let index = sample.index, request = requests[index.request]
                results[index.request][index.sample].decisions.append(decision)
                let goesOn = try onToken(index, decision)
                let count = results[index.request][index.sample].decisions.count
                let finish: FinishReason? =
                    if endTokens.contains(decision.token) {
                        .endOfSequence
                    } else if !goesOn {
                        .stopped
                    } else if count >= limit(of: request) {
                        .length
                    } else {
                        nil
                    }
                if let finish {
                    results[index.request][index.sample].finish = finish
                    try onFinish(results[index.request][index.sample])
                } else {
                    sample.token = decision.token
                    next.append(sample)
                }
            }
            running = next
            if isCancelled() { break }
            hidden =
                running.isEmpty
                ? Tensor(shape: [0, hidden.columns], repeating: 0)
                : try advance(running)
        }
        return results
    }

    /// One decision for each running sample. A sample from whose logits nothing can be drawn ends by itself, and takes
    /// no other one along: it leaves, and the others are asked again.
    ///
    /// - Parameter onFailure: called for each sample that leaves.
    /// - Returns: decisions of those that stay, and their generators after them.
    private func decide(
        _ running: inout [RunningSample], _ hidden: inout Tensor<Float>,
        onFailure: (SampleIndex, PolicyError) throws -> Void
    ) throws -> ([Decision], [RandomGenerator]) {
        while !running.isEmpty {
            var random = running.map(\.random)
            do {
                return (try policy.choose(hidden: hidden, logits: logits(hidden), random: &random), random)
            } catch let error as PolicyError {
                guard let row = error.row, running.indices.contains(row) else { throw error }
                try onFailure(running[row].index, error)
                let rest = running.indices.filter { $0 != row }
                hidden = hidden.selecting(rows: rest)
                running.remove(at: row)
            }
        }
        return ([], [])
    }

    /// Reads each sample's last token: hidden states, [running, D].
    private func advance(_ running: [RunningSample]) throws -> Tensor<Float> {
        try inIndependentParts(running.count, columns: model.configuration.hiddenSize) { part in
            try model.advance(running[part].map { (cache: $0.cache, tokens: [$0.token]) })
        }
    }

    private func logits(_ hidden: Tensor<Float>) -> Tensor<Float> {
        inIndependentParts(hidden.rows, columns: model.configuration.vocabularySize) { part in
            model.logits(part.count == hidden.rows ? hidden : hidden.selecting(rows: Array(part)))
        }
    }

    /// `body` of parts of `rows` in which rows do not change each other's bits, one below the other.
    private func inIndependentParts(
        _ rows: Int, columns: Int, _ body: (Range<Int>) throws -> Tensor<Float>
    ) rethrows -> Tensor<Float> {
        let most = model.independentRows
        guard rows > most else { return try body(0..<rows) }
        var result = Tensor<Float>(shape: [rows, columns]) { _ in }
        for first in stride(from: 0, to: rows, by: most) {
            result.setRows(from: first, to: try body(first..<min(first + most, rows)))
        }
        return result
    }

    /// The most tokens that a completion can have.
    private func limit(of request: GenerationRequest) -> Int {
        min(request.maxTokens, model.configuration.contextLength - request.promptIDs.count)
    }

    /// Reads prompts: each on its own, in chunks; for a tiny model, whose rows do not change each other's bits, many
    /// together.
    ///
    /// - Returns: of each its cache and its last hidden state, [1, D]; those before the one at which it was cancelled.
    private func read(_ prompts: [[Int]], _ isCancelled: () -> Bool) throws -> [ReadPrompt] {
        guard model.isTiny else {
            var read: [ReadPrompt] = []
            for prompt in prompts {
                guard let next = try self.read(prompt, isCancelled) else { break }
                read.append(next)
            }
            return read
        }
        var read: [ReadPrompt] = [], rest = prompts[...]
        while !rest.isEmpty, !isCancelled() {
            var tokens = 0
            let taken = rest.prefix { prompt in
                defer { tokens += prompt.count }
                return tokens < Self.jointTokens
            }
            rest = rest.dropFirst(taken.count)
            let caches = taken.map { _ in model.makeCache() }
            let hidden = try model.advance(zip(caches, taken).map { (cache: $0, tokens: $1) })
            var end = 0
            for (cache, prompt) in zip(caches, taken) {
                end += prompt.count
                read.append(ReadPrompt(cache: cache, hidden: hidden.selecting(rows: [end - 1])))
            }
        }
        return read
    }

    /// Reads a prompt on its own, in chunks.
    ///
    /// - Returns: its cache, and its last hidden state, [1, D]; nil where it was cancelled.
    private func read(_ prompt: [Int], _ isCancelled: () -> Bool) throws -> ReadPrompt? {
        let cache = model.makeCache()
        var hidden: Tensor<Float>?
        for start in stride(from: 0, to: prompt.count, by: Self.chunkTokens) {
            if isCancelled() { return nil }
            hidden = try model.advance([(cache, Array(prompt[start..<min(start + Self.chunkTokens, prompt.count)]))])
        }
        return hidden.map { ReadPrompt(cache: cache, hidden: $0.selecting(rows: [$0.rows - 1])) }
    }

    private func check(_ request: GenerationRequest, _ index: Int) throws {
        require(
            request.samples >= 0 && request.maxTokens > 0, "\(request.samples) samples of \(request.maxTokens) tokens")
        try model.requireFit(prompt: request.promptIDs, "prompt \(index)")
    }
}

extension Tensor<Float> {
    /// These rows, then those.
    fileprivate func stacked(above others: [Tensor]) -> Tensor {
        var result = Tensor(shape: [rows + others.reduce(0) { $0 + $1.rows }, columns]) { _ in }
        var row = 0
        for part in [self] + others {
            result.setRows(from: row, to: part)
            row += part.rows
        }
        return result
    }
}
