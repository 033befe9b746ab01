import Tensor

/// The rows of one pass through the model: (sequence, position) pairs, without padding, those of a sequence together.
struct Batch {
    /// One sequence's rows.
    struct Span {
        let cache: KVCache
        let rows: Range<Int>

        /// The position of a row.
        func position(of row: Int) -> Int { cache.count + row - rows.lowerBound }

        /// The positions of its rows.
        var positions: Range<Int> { cache.count..<cache.count + rows.count }
    }

    let spans: [Span]
    private let ropes: LayerRopes
    private let rotations: [Rotations]

    init(_ steps: [(cache: KVCache, tokens: ArraySlice<Int>)], ropes: LayerRopes) {
        var row = 0
        spans = steps.map { step in
            defer { row += step.tokens.count }
            return Span(cache: step.cache, rows: row..<row + step.tokens.count)
        }
        self.ropes = ropes
        rotations = ropes.rotations(of: spans)
    }

    /// Turns queries or keys of a layer as the rows' positions say, where the layer has rope: see `Rotations.apply`.
    func turn(_ x: inout Tensor<Float>, layer: Int, heads: Int, headSize: Int, offset: Int = 0) {
        guard let kind = ropes.kind(ofLayer: layer) else { return }
        rotations[kind].apply(to: &x, heads: heads, headSize: headSize, offset: offset)
    }

    /// Writes the rows' keys and values of a layer into their caches.
    func append(layer: Int, keys: Tensor<Float>, values: Tensor<Float>?) {
        for span in spans { span.cache.append(layer: layer, keys: keys, values: values, rows: span.rows) }
    }
}
