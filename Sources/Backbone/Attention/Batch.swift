import Tensor

/// The rows of one pass through the model: (sequence, position) pairs, without padding, those of a sequence together.
struct Batch {
    /// One sequence's rows.
    struct Span {
        let cache: KVCache
        let rows: Range<Int>

        /// The position of a row.
        func position(of row: Int) -> Int { cache.count + row - rows.lowerBound }
    }

    let spans: [Span]
    let rotations: Rotations

    init(_ steps: [(cache: KVCache, tokens: ArraySlice<Int>)], rope: RotaryEmbedding) {
        var row = 0
        spans = steps.map { step in
            defer { row += step.tokens.count }
            return Span(cache: step.cache, rows: row..<row + step.tokens.count)
        }
        rotations = rope.rotations(at: spans.flatMap { span in span.rows.map(span.position(of:)) })
    }

    /// Writes the rows' keys and values of a layer into their caches.
    func append(layer: Int, keys: Tensor<Float>, values: Tensor<Float>?) {
        for span in spans { span.cache.append(layer: layer, keys: keys, values: values, rows: span.rows) }
    }
}
