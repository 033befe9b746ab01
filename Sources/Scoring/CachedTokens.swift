import AutoDecoHeads
import HiddenStateCache
import LogitSketches
import Safetensors
import Tensor

/// Some trajectories of a cache, read block by block, so that memory does not grow with their number: the one loop in
/// which heads meet cached tokens.
public struct CachedTokens: Sendable {
    /// Where the tokens lie.
    public let cache: HiddenStateCache
    /// Which of its trajectories are read, in this order.
    public let trajectories: [TrajectoryIndex]
    /// Tokens that are in memory at once, at most.
    public let blockTokens: Int

    /// - Parameters:
    ///   - cache: where the tokens lie.
    ///   - trajectories: which of them are read, in this order.
    ///   - blockTokens: tokens that are in memory at once, at most; at least 1.
    public init(
        _ cache: HiddenStateCache, _ trajectories: [TrajectoryIndex], blockTokens: Int = HiddenStateCache.blockTokens
    ) {
        (self.cache, self.trajectories, self.blockTokens) = (cache, trajectories, blockTokens)
    }

    /// Number of tokens.
    public var count: Int { trajectories.tokens }

    /// The same cache and blocks with other trajectories.
    public func with(_ trajectories: [TrajectoryIndex]) -> CachedTokens {
        CachedTokens(cache, trajectories, blockTokens: blockTokens)
    }

    /// Calls `body` with each block of tokens, loaded.
    ///
    /// - Parameters:
    ///   - batch: the buffer that blocks are loaded into; nil takes a fresh one.
    ///   - body: gets the block; what it throws ends the reading.
    /// - Throws: `CacheError` for a token that is unsound; what `body` throws.
    public func forEachBlock<Element: Scalar & StoredScalar>(
        into batch: inout CachedBatch<Element>, _ body: (CachedBatch<Element>) throws -> Void
    ) throws {
        for block in trajectories.blocks(tokens: blockTokens) {
            try cache.load(block, into: &batch)
            try body(batch)
        }
    }

    /// Calls `body` with each block of tokens and what heads predict for them.
    ///
    /// - Parameters:
    ///   - heads: for hidden states as they are stored.
    ///   - batch: the buffer that blocks are loaded into.
    ///   - body: gets the block, T̂ and P̂, [N, 1] each.
    /// - Throws: `CacheError` where heads do not fit or a token is unsound; what `body` throws.
    public func forEachPrediction<Element: Scalar & StoredScalar>(
        of heads: AutoDecoHeads<Element>, into batch: inout CachedBatch<Element>,
        _ body: (CachedBatch<Element>, _ temperature: Tensor<Element>, _ topP: Tensor<Element>) throws -> Void
    ) throws {
        try cache.requireFit(heads.configuration)
        try forEachBlock(into: &batch) { batch in
            let (temperature, topP) = heads.predict(hidden: batch.hidden, logits: batch.sketches)
            try body(batch, temperature, topP)
        }
    }

    /// The same with a buffer of its own.
    public func forEachPrediction(
        of heads: AutoDecoHeads<Float>,
        _ body: (CachedBatch<Float>, _ temperature: Tensor<Float>, _ topP: Tensor<Float>) throws -> Void
    ) throws {
        var batch = cache.emptyBatch(as: Float.self)
        try forEachPrediction(of: heads, into: &batch, body)
    }

    /// Calls `body` with the sketches of each block, without the hidden states, and with the pieces of trajectories in
    /// it.
    ///
    /// - Throws: `CacheError` where a sketch contradicts itself; what `body` throws.
    public func forEachSketchBlock(
        into sketches: inout LogitSketches<Float>, _ body: (LogitSketches<Float>, [TrajectoryIndex]) throws -> Void
    ) throws {
        for block in trajectories.blocks(tokens: blockTokens) {
            try cache.loadSketches(of: block, into: &sketches)
            try body(sketches, block)
        }
    }
}
