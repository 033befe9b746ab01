import AutoDecoHeads
import HiddenStateCache
import Foundation
import Safetensors
import Tensor

extension HiddenStateCache {
    /// The losses of heads over all tokens of some trajectories, nothing dropped, block by block, so that memory does
    /// not depend on their number.
    ///
    /// - Parameters:
    ///   - heads: for hidden states as they are stored, that is, of D or rank columns.
    ///   - gradients: whether gradients are wanted too.
    ///   - body: called for each block with the batch and the predicted T̂ and P̂, [N, 1].
    /// - Throws: ``CacheError`` where heads do not fit or a token is unsound, and what `body` throws.
    public func losses<Element: Scalar & StoredScalar>(
        of heads: AutoDecoHeads<Element>, over trajectories: [TrajectoryIndex], settings: LossSettings = LossSettings(),
        gradients: Bool = false,
        _ body: (CachedBatch<Element>, _ temperature: Tensor<Element>, _ topP: Tensor<Element>) throws -> Void = {
            _, _, _ in
        }
    ) throws -> HeadsLosses<Element> {
        try requireFit(heads.configuration)
        let count = trajectories.tokens
        var losses = HeadsLosses(
            heads: heads, counts: TokenCounts(tokens: count, kept: count), settings: settings, gradients: gradients)
        var batch = emptyBatch(as: Element.self)
        for block in trajectories.blocks(tokens: Self.blockTokens) {
            try load(block, into: &batch)
            let (temperature, topP) = losses.add(hidden: batch.hidden, logits: batch.sketches)
            try body(batch, temperature, topP)
        }
        return losses
    }

    /// - Throws: ``CacheError`` where heads cannot read the stored hidden states.
    public func requireFit(_ heads: HeadsConfiguration) throws {
        guard heads.hiddenSize != description.storedSize else { return }
        let stored =
            description.rank.map { "\($0) principal components of \(description.hiddenSize) columns" }
            ?? "hidden states of \(description.hiddenSize) columns"
        let full =
            heads.hiddenSize == description.hiddenSize
            ? "; heads for the full hidden state need a cache without projection"
            : "; give heads and a cache of the same model"
        throw CacheError(folder.path, "holds \(stored), but the heads read \(heads.hiddenSize) columns\(full)")
    }
}
