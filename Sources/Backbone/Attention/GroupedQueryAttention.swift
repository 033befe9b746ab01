import Tensor

/// How a block lets rows look at each other.
protocol Attention: Sendable {
    /// - Parameter x: normed hidden states, [R, D]. Their keys and values are added to the batch's caches.
    /// - Returns: what is added to the residual, [R, D].
    func callAsFunction(_ x: Tensor<Float>, batch: Batch, layer: Int) -> Tensor<Float>
}

/// Attention in which several heads of queries share one head of keys and values.
///
///     q, k, v = x·Wqᵀ, x·Wkᵀ, x·Wvᵀ (+ biases);  q, k normed where the family does;
///     y = attention(rope(q), rope(k), v)·Woᵀ (+ bias), without rope where the layer has none
struct GroupedQueryAttention: Attention {
    let query: Projection, key: Projection, value: Projection, output: Projection
    var queryNorm: RootMeanSquareNorm?, keyNorm: RootMeanSquareNorm?
    let attention: CausalAttention

    func callAsFunction(_ x: Tensor<Float>, batch: Batch, layer: Int) -> Tensor<Float> {
        let groups = attention.layout.groups, size = attention.layout.keySize
        let projected = Projection.all([query, key, value], x)
        var queries = Self.normed(projected[0], queryNorm), keys = Self.normed(projected[1], keyNorm)
        batch.turn(&queries, layer: layer, heads: attention.heads, headSize: size)
        batch.turn(&keys, layer: layer, heads: groups, headSize: size)
        batch.append(layer: layer, keys: keys, values: projected[2])
        return output(attention(queries, batch: batch, layer: layer))
    }

    /// Each head of each row through the norm, or each row where the norm is that wide.
    private static func normed(_ x: Tensor<Float>, _ norm: RootMeanSquareNorm?) -> Tensor<Float> {
        guard let norm else { return x }
        return norm(x.reshaped([x.count / norm.weight.count, norm.weight.count])).reshaped(x.shape)
    }
}
