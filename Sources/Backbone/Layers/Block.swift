import Tensor

/// One layer: `x += attention(norm(x))`, then `x += feedForward(norm(x))`; some families have norms behind attention
/// and feed-forward, in place of those before or as well.
struct Block: Sendable {
    var attentionNorm: RootMeanSquareNorm?
    let attention: any Attention
    var attentionOutputNorm: RootMeanSquareNorm?
    var feedForwardNorm: RootMeanSquareNorm?
    let feedForward: any FeedForward
    var feedForwardOutputNorm: RootMeanSquareNorm?

    /// - Parameter x: the residual stream, [R, D].
    func update(_ x: inout Tensor<Float>, batch: Batch, layer: Int) {
        let attended = attention(Self.normed(x, attentionNorm), batch: batch, layer: layer)
        x.add(Self.normed(attended, attentionOutputNorm))
        x.add(Self.normed(feedForward(Self.normed(x, feedForwardNorm)), feedForwardOutputNorm))
    }

    private static func normed(_ x: Tensor<Float>, _ norm: RootMeanSquareNorm?) -> Tensor<Float> {
        norm.map { $0(x) } ?? x
    }
}
