import WeightMatrices
import Tensor

/// Multi-head latent attention (DeepSeek-V2): keys and values of all heads come from one narrow latent c, and only c
/// and one rotary key are cached.
///
///     q = norm(x·Aqᵀ)·Bqᵀ, or x·Wqᵀ;  a head's q is [qₙ, qᵣ], qᵣ turned by rope
///     [c, kᵣ] = x·Aₖᵥᵀ;  c normed, kᵣ turned by rope;  a head's k is [Uₖ·c, kᵣ], its v is Uᵥ·c
///
/// Since qₙ·(Uₖ·c) = (Uₖᵀ·qₙ)·c, the queries are taken into the latent's space instead of every cached position out of
/// it, and Uᵥ is applied to the sum of latents, not to each: the heads then share one key [c, kᵣ] and one value c.
struct LatentAttention: Attention {
    /// Either `queryDown`, `queryNorm` and `query` one after another, or `query` alone.
    var queryDown: Projection?, queryNorm: RootMeanSquareNorm?
    let query: Projection
    /// Aₖᵥ, [rank + rotary size, D].
    let keyValueDown: Projection
    let keyValueNorm: RootMeanSquareNorm
    /// For each head Uₖ, then Uᵥ, one below the other: [heads·(plain size + value size), rank].
    let keyValueUp: WeightMatrix
    let output: Projection
    let sizes: LatentAttentionConfiguration
    let attention: CausalAttention

    func callAsFunction(_ x: Tensor<Float>, batch: Batch, layer: Int) -> Tensor<Float> {
        let heads = attention.heads, rank = sizes.keyValueRank, headSize = sizes.headSize
        var queries = query(queryDown.map { down in queryNorm.map { $0(down(x)) } ?? down(x) } ?? x)
        batch.turn(&queries, layer: layer, heads: heads, headSize: headSize, offset: sizes.plainSize)

        var compressed = keyValueDown(x)
        batch.turn(&compressed, layer: layer, heads: 1, headSize: compressed.columns, offset: rank)
        let latent = keyValueNorm(compressed, columns: 0..<rank)
        compressed.setColumns(0..<rank, to: latent)
        batch.append(layer: layer, keys: compressed, values: nil)

        var absorbed = Tensor<Float>(shape: [x.rows, heads * (rank + sizes.rotarySize)]) { _ in }
        for head in 0..<heads {
            let start = head * (rank + sizes.rotarySize), up = upMatrices(head, keys: true)
            absorbed.setIndependentRows(
                queries.matrix[columns: head * headSize..<head * headSize + sizes.plainSize], up.matrix,
                columns: start..<start + rank)
            absorbed.setColumns(
                start + rank..<start + rank + sizes.rotarySize, to: queries,
                columns: head * headSize + sizes.plainSize..<(head + 1) * headSize)
        }
        let sums = attention(absorbed, batch: batch, layer: layer)
        var values = Tensor<Float>(shape: [x.rows, heads * sizes.valueSize]) { _ in }
        for head in 0..<heads {
            values.setIndependentRows(
                sums.matrix[columns: head * rank..<(head + 1) * rank], upMatrices(head, keys: false).matrix.transposed,
                columns: head * sizes.valueSize..<(head + 1) * sizes.valueSize)
        }
        return output(values)
    }

    /// Uₖ of one head, [plain size, rank], or its Uᵥ, [value size, rank].
    private func upMatrices(_ head: Int, keys: Bool) -> Tensor<Float> {
        let start = head * (sizes.plainSize + sizes.valueSize)
        let rows =
            keys ? start..<start + sizes.plainSize : start + sizes.plainSize..<start + sizes.plainSize + sizes.valueSize
        return keyValueUp.gathered(Array(rows))
    }
}

extension Tensor<Float> {
    /// `self[:, columns] ← a·b`; up to `WeightMatrix.fewRows` rows are multiplied one by one, so that a decoded row's
    /// bits do not depend on its company, as in `WeightMatrix`.
    fileprivate mutating func setIndependentRows(_ a: MatrixView<Float>, _ b: MatrixView<Float>, columns: Range<Int>) {
        guard a.rows <= WeightMatrix.fewRows else { return setProduct(a, b, columns: columns) }
        let width = self.columns
        var row = Tensor(shape: [1, columns.count]) { _ in }
        for index in 0..<a.rows {
            row.setProduct(a[rows: index..<index + 1], b)
            let y = mutablePointer() + index * width + columns.lowerBound
            withPointers(to: row) { y.update(from: $0, count: columns.count) }
        }
    }
}
