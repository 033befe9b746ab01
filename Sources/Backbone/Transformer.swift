import WeightMatrices
import Files
import Foundation
import Safetensors
import Tensor

/// A frozen language model, read from a folder as Hugging Face publishes them.
///
///     x = embedding[token] (·√D in some families);  x += attention(norm(x)), x += feedForward(norm(x)) in each layer;
///     hidden = norm(x);  logits = hidden·Wᵀ
///
/// Weights stay in their files' bytes, mapped; activations are in Float. Rows of a pass are (sequence, position) pairs:
/// sequences of any lengths go together without padding, one token each or a whole prompt.
public struct Transformer: Sendable {
    public let configuration: ModelConfiguration
    /// Which tensor is the output matrix.
    public let outputSource: OutputSource
    /// What a user should know before trusting the logits, each a sentence.
    public let warnings: [String]
    /// In what numbers matrix products are made.
    public let precision: ProductPrecision
    private let embedding: WeightMatrix
    private let blocks: [Block]
    private let norm: RootMeanSquareNorm
    private let output: WeightMatrix
    private let ropes: LayerRopes
    /// What embeddings are multiplied by, where the family does.
    private let embeddingScale: Float?
    /// Whether the weights are few enough to be kept in Float as well. Each row of a pass then has the same bits
    /// whatever goes with it, and threads share out sequences in place of the rows of a product.
    public let isTiny: Bool

    /// Rows of a pass in which a row's bits do not depend on the other rows, at most.
    public let independentRows: Int

    /// The most weights of a model that is kept in Float as well, 16 MB.
    static let mostTinyWeights = 4 << 20

    /// Rows that go through the layers together, at most: enough for matrix products at full speed, and few enough that
    /// activations stay small beside the weights.
    static let passRows = 1024

    /// Reads config.json, generation_config.json and the checkpoint of a folder: a model's own, or one where a model
    /// and heads are merged, whose heads stay unread; or a GGUF file.
    ///
    /// - Parameters:
    ///   - precision: of matrix products.
    ///   - acceptsAnyHeads: whether heads that were fitted to another model of the same sizes may decode this one.
    /// - Throws: `ModelError` or `FileError`: what was found, what was expected and where. Every tensor that the
    ///   model needs is there, with the right shape, when this returns.
    public init(
        directory: URL, precision: ProductPrecision.Choice = .float, acceptsAnyHeads: Bool = false
    ) throws {
        let source = try ModelSource(directory)
        var configuration = try source.configuration()
        configuration.acceptsAnyHeads = acceptsAnyHeads
        try self.init(configuration: configuration, checkpoint: source.checkpoint(), precision: precision)
    }

    /// Reads the weights from any source that has them under Hugging Face's names.
    public init(
        configuration: ModelConfiguration, checkpoint: any TensorSource, precision: ProductPrecision.Choice = .float
    ) throws {
        try self.init(
            configuration: configuration, checkpoint: checkpoint, precision: precision,
            mostTinyWeights: Self.mostTinyWeights)
    }

    package init(
        configuration: ModelConfiguration, checkpoint: any TensorSource,
        precision choice: ProductPrecision.Choice = .float, mostTinyWeights: Int
    ) throws {
        var named = configuration
        named.modelFingerprint = checkpoint.fingerprint
        self.configuration = named
        let traits = configuration.family.traits
        // Latent attention takes its matrices apart, head by head, and multiplies by OpenBLAS.
        let couldBeTiny =
            configuration.latent == nil
            && checkpoint.entries.reduce(0) { $0 + $1.count } <= mostTinyWeights
        precision = try ProductPrecision(choice, checkpoint: checkpoint, isTiny: couldBeTiny)
        isTiny = couldBeTiny && precision == .float
        // Routers, latent attention and matrices of other types are multiplied in Float.
        let isAllBF16 =
            precision == .bf16 && configuration.latent == nil && configuration.experts == nil
            && checkpoint.entries.allSatisfy { $0.shape.count < 2 || $0.type == .bf16 }
        independentRows = isTiny || isAllBF16 ? .max : WeightMatrix.fewRows
        let weights = WeightReader(
            checkpoint: checkpoint, packing: precision == .bf16 ? .panels : isTiny ? .float : .none)
        outputSource = try OutputSource(tiesEmbeddings: configuration.tiesEmbeddings, checkpoint: checkpoint)
        warnings = [outputSource.warning(checkpoint.path), configuration.longRopeWarning(checkpoint.path)].compactMap(
            \.self)
        let names = outputSource.names(in: checkpoint)
        embedding = try weights.matrix(
            names.embedding, rows: configuration.vocabularySize, columns: configuration.hiddenSize)
        blocks = try (0..<configuration.layerCount).map {
            try Block(weights.below("model.layers.\($0)"), configuration, layer: $0)
        }
        norm = try weights.norm(
            "model.norm", count: configuration.hiddenSize, epsilon: configuration.normEpsilon,
            offset: traits.normOffset)
        output =
            names.output == names.embedding
            ? embedding
            : try weights.matrix(
                names.output, rows: configuration.vocabularySize, columns: configuration.hiddenSize)
        ropes = LayerRopes(configuration, pairsAreNeighbours: checkpoint.pairsAreNeighbours)
        embeddingScale = traits.scalesEmbeddings ? Float(configuration.hiddenSize).squareRoot() : nil
    }

    /// An empty cache for one sequence.
    public func makeCache() -> KVCache { makeCache(pageSize: 64) }

    package func makeCache(pageSize: Int) -> KVCache {
        KVCache(layout: configuration.cacheLayout, windows: configuration.windows, pageSize: pageSize)
    }

    /// A cache for a sequence that will be so long.
    private func makeCache(forLength length: Int) -> KVCache {
        let cache = makeCache()
        cache.isLong = isLong(length)
        return cache
    }

    /// Teacher-forced: the last hidden state, after the final norm, at each position of each sequence.
    ///
    /// - Returns: [Σ lengths, D], sequence after sequence.
    /// - Throws: `ModelError` for an empty or too long sequence and for an id outside the vocabulary.
    public func hidden(_ sequences: [[Int]]) throws -> Tensor<Float> {
        try check(sequences.map { (0, $0) })
        if isTiny { return shareOut(sequences) { makeCache(forLength: sequences[$0].count) } }
        var result = Tensor<Float>(shape: [sequences.reduce(0) { $0 + $1.count }, configuration.hiddenSize]) { _ in }
        var row = 0, next = 0
        while next < sequences.count {
            // Short sequences share a pass; caches live only as long as theirs.
            var rows = 0
            let first = next
            repeat {
                rows += sequences[next].count
                next += 1
            } while next < sequences.count && rows + sequences[next].count <= Self.passRows
            run(sequences[first..<next].map { (makeCache(forLength: $0.count), $0) }, into: &result, at: &row)
        }
        return result
    }

    /// Step by step: reads the next tokens of several sequences together, each after what its cache holds.
    ///
    /// - Parameter steps: for each sequence its cache and its next tokens: one while decoding, a prompt or a part of it
    ///   before. No cache may be there twice. The caches grow by the tokens; they are untouched where this throws.
    /// - Returns: hidden states after the final norm, [Σ token counts, D], sequence after sequence.
    /// - Throws: `ModelError` for a step without tokens, a sequence that outgrows the context, and an id outside the
    ///   vocabulary.
    public func advance(_ steps: [(cache: KVCache, tokens: [Int])]) throws -> Tensor<Float> {
        require(
            Set(steps.map { ObjectIdentifier($0.cache) }).count == steps.count,
            "a cache stands in two steps of one pass")
        try check(steps.map { ($0.cache.count, $0.tokens) })
        readAgainAsLong(steps)
        return read(steps)
    }

    /// Under longrope a text that outgrows the original context turns all of its positions otherwise: what such a cache
    /// holds is read once more.
    private func readAgainAsLong(_ steps: [(cache: KVCache, tokens: [Int])]) {
        let past = steps.compactMap { cache, tokens -> (cache: KVCache, tokens: [Int])? in
            guard !cache.isLong, isLong(cache.count + tokens.count) else { return nil }
            return (cache, cache.restartAsLong())
        }
        let held = past.filter { !$0.tokens.isEmpty }
        if !held.isEmpty { _ = read(held) }
    }

    private func isLong(_ length: Int) -> Bool { ropes.longerThan.map { length > $0 } ?? false }

    /// As `advance`, checked.
    private func read(_ steps: [(cache: KVCache, tokens: [Int])]) -> Tensor<Float> {
        if isTiny { return shareOut(steps.map(\.tokens)) { steps[$0].cache } }
        var result = Tensor<Float>(shape: [steps.reduce(0) { $0 + $1.tokens.count }, configuration.hiddenSize]) { _ in }
        var row = 0
        run(steps, into: &result, at: &row)
        return result
    }

    /// Hidden states after the final norm, [R, D], from the last layer's output, [R, D]: for states that come from
    /// elsewhere. Nothing else of the model is read.
    public func normed(_ states: Tensor<Float>) -> Tensor<Float> {
        require(
            states.columns == configuration.hiddenSize,
            "states \(states.shape) in a model of size \(configuration.hiddenSize)")
        return norm(states)
    }

    /// Logits of the next token, [R, V], from hidden states after the final norm, [R, D].
    public func logits(_ hidden: Tensor<Float>) -> Tensor<Float> {
        require(
            hidden.columns == configuration.hiddenSize,
            "hidden states \(hidden.shape) in a model of size \(configuration.hiddenSize)")
        return output.product(hidden)
    }

    /// Cuts the tokens into passes of at most `passRows` rows, in order, and writes their hidden states from `row` on.
    private func run(_ steps: [(cache: KVCache, tokens: [Int])], into result: inout Tensor<Float>, at row: inout Int) {
        var pass: [(cache: KVCache, tokens: ArraySlice<Int>)] = [], rows = 0
        func flush() {
            guard rows > 0 else { return }
            result.setRows(from: row, to: self.pass(pass))
            row += rows
            (pass, rows) = ([], 0)
        }
        for step in steps {
            var rest = step.tokens[...]
            while !rest.isEmpty {
                let taken = rest.prefix(Self.passRows - rows)
                pass.append((step.cache, taken))
                rows += taken.count
                rest = rest.dropFirst(taken.count)
                if rows == Self.passRows { flush() }
            }
        }
        flush()
    }

    /// A tiny model's way: threads take slices of whole sequences through all layers, each by itself.
    ///
    /// - Parameter cache: the cache of a sequence, asked for by the thread that takes it.
    /// - Returns: as `advance`.
    private func shareOut(_ sequences: [[Int]], cache: (Int) -> KVCache) -> Tensor<Float> {
        let slices = Slice.cut(sequences.map(\.count)), width = configuration.hiddenSize
        return Tensor(shape: [slices.last?.rows.upperBound ?? 0, width]) { result in
            // Threads use disjoint caches and write disjoint rows.
            nonisolated(unsafe) let result = result, cache = cache
            @Sendable func take(_ slice: Slice) {
                let steps = slice.sequences.map { (cache: cache($0), tokens: sequences[$0]) }
                var hidden = Tensor<Float>(shape: [slice.rows.count, width]) { _ in }, row = 0
                run(steps, into: &hidden, at: &row)
                hidden.withUnsafeBufferPointer { hidden in
                    _ = UnsafeMutableBufferPointer(rebasing: result[(slice.rows.lowerBound * width)...]).update(
                        fromContentsOf: hidden)
                }
            }
            // A single slice has all threads to itself.
            guard slices.count > 1 else { return slices.forEach(take) }
            Parallel.forEachBlock(of: slices.count, blockSize: 1) { block in
                Parallel.$threads.withValue(1) { slices[block].forEach(take) }
            }
        }
    }

    /// One pass through all layers.
    private func pass(_ steps: [(cache: KVCache, tokens: ArraySlice<Int>)]) -> Tensor<Float> {
        let batch = Batch(steps, ropes: ropes)
        var x = embedding.gathered(steps.flatMap(\.tokens))
        if let embeddingScale { x = x * embeddingScale }
        for (layer, block) in blocks.enumerated() { block.update(&x, batch: batch, layer: layer) }
        for step in steps {
            if ropes.longerThan != nil, !step.cache.isLong { step.cache.keep(step.tokens) }
            step.cache.advance(by: step.tokens.count)
        }
        return norm(x)
    }

    private func check(_ sequences: [(held: Int, tokens: [Int])]) throws {
        guard !sequences.isEmpty else { throw ModelError(.empty, "found no sequences, expected at least one") }
        for (index, sequence) in sequences.enumerated() {
            let (held, tokens) = sequence
            guard !tokens.isEmpty else {
                throw ModelError(.empty, "found no tokens in sequence \(index), expected at least one")
            }
            guard held + tokens.count <= configuration.contextLength else {
                let past = held > 0 ? " (\(held) of them in its cache)" : ""
                throw ModelError(
                    .tooLong,
                    "found \(counted(held + tokens.count, "token"))\(past) in sequence \(index), expected at most "
                        + "\(configuration.contextLength), "
                        + "the model's max_position_embeddings")
            }
            if let position = tokens.firstIndex(where: { $0 < 0 || $0 >= configuration.vocabularySize }) {
                throw ModelError(
                    .unknownToken,
                    "found token id \(tokens[position]) at position \(held + position) of sequence \(index), expected "
                        + "0 to \(configuration.vocabularySize - 1)")
            }
        }
    }
}
