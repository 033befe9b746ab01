import Tensor

/// One layer: `x += attention(norm(x))`, then `x += feedForward(norm(x))`.
struct Block: Sendable {
    let attentionNorm: RootMeanSquareNorm
    let attention: any Attention
    let feedForwardNorm: RootMeanSquareNorm
    let feedForward: any FeedForward

    /// - Parameter x: the residual stream, [R, D].
    func update(_ x: inout Tensor<Float>, batch: Batch, layer: Int) {
        x.add(attention(attentionNorm(x), batch: batch, layer: layer))
        x.add(feedForward(feedForwardNorm(x)))
    }
}
