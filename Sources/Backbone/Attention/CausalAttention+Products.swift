import Tensor

extension CausalAttention {
    /// A tile of many rows and one head, as two matrix products a page: `P = softmax(scale·Q·Kᵀ)`, `P·V`.
    ///
    /// Each product is too small to be cut into parallel blocks, so this may run inside of a parallel loop.
    ///
    /// - Returns: [tile.rows.count, valueSize].
    func attendByProducts(_ tile: Tile, _ source: Source, queries: Tensor<Float>) -> Tensor<Float> {
        let head = tile.heads.lowerBound, group = head / (heads / layout.groups), pageSize = source.pageSize
        let keySize = layout.keySize, valueSize = layout.valueSize
        let seen = tile.rows.map { self.seen(by: $0, in: source) }
        guard let first = seen.first?.lowerBound, let last = seen.last?.upperBound else {
            return Tensor(shape: [0, valueSize], [])
        }
        let q = queries.matrix[rows: tile.rows][columns: head * keySize..<(head + 1) * keySize]

        /// `body(page, its slots that are seen, their columns in the scores)`.
        func forEachPage(_ body: (Tensor<Float>, Range<Int>, Range<Int>) -> Void) {
            for page in first / pageSize...last / pageSize {
                let start = page * pageSize, low = max(first, start), high = min(last + 1, start + pageSize)
                body(source.pages[page], low - start..<high - start, low - first..<high - first)
            }
        }

        // Softmax writes whole vectors, and so beyond a row's last score.
        var scores = Tensor<Float>(shape: [seen.count, last - first + 17]) { _ in }
        forEachPage { page, slots, columns in
            let keys = page.reshaped([page.count / keySize, keySize])
                .matrix[rows: group * pageSize + slots.lowerBound..<group * pageSize + slots.upperBound]
            scores.setProduct(q, keys.transposed, scale: scale, columns: columns)
        }
        let width = scores.columns
        let firstScore = scores.mutablePointer()
        for (row, seen) in seen.enumerated() {
            let row = firstScore + row * width
            softmaxInPlace(row + (seen.lowerBound - first), seen.count, sink: sinks?[head] ?? -.infinity)
            // What lies outside of the row's own range has no weight.
            for j in 0..<seen.lowerBound - first { row[j] = 0 }
            for j in seen.upperBound - first + 1..<width { row[j] = 0 }
        }
        var sums = Tensor<Float>(shape: [seen.count, valueSize], repeating: 0)
        forEachPage { page, slots, columns in
            // Where values are the keys' first elements they are the first columns of the very same rows.
            let firstRow = (layout.valuesAreKeys ? 0 : layout.groups * pageSize) + group * pageSize
            let rows = page.reshaped([page.count / keySize, keySize])
                .matrix[rows: firstRow + slots.lowerBound..<firstRow + slots.upperBound]
            sums.setProduct(scores.matrix[columns: columns], rows[columns: 0..<valueSize], accumulate: true)
        }
        return sums
    }
}
