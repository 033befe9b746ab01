import Tensor

/// Scaled dot-product attention of each row to its own sequence's cached positions, up to its own:
/// `softmax(scale·q·Kᵀ)·V` for each head.
///
/// Work is cut into tiles of queries that read the same keys: where a sequence has many rows, 64 of them and one head,
/// computed with matrix products; where it has few, as in decoding, a few rows and the heads that share a group. A tile
/// goes over the pages twice, for the scores and for the values, so that a page is read from memory once for all its
/// queries; its scores are the only memory that grows, with queries × positions.
struct CausalAttention: Sendable {
    let heads: Int
    let layout: CacheLayout
    let scale: Float
    /// How many positions, its own included, a row sees; nil sees all.
    var window: Int?
    /// A logit a head that takes part in the softmax and contributes nothing.
    var sinks: [Float]?

    /// Queries of a tile without matrix products, at most.
    private static let tileQueries = 16
    /// Rows of a tile with matrix products, and from how many rows on a sequence is worth them.
    private static let productRows = 64, fewestProductRows = 16

    struct Tile: Sendable {
        let span: Int
        let rows: Range<Int>
        let heads: Range<Int>
        let usesProducts: Bool
    }

    /// What a tile reads of a cache, so that threads need not touch the cache itself.
    struct Source: Sendable {
        let pages: [Tensor<Float>]
        let pageSize: Int, valueOffset: Int
        let firstRow: Int, firstPosition: Int
    }

    /// - Parameter queries: [R, heads·keySize]; the rows' own keys and values are already in the caches.
    /// - Returns: [R, heads·valueSize].
    func callAsFunction(_ queries: Tensor<Float>, batch: Batch, layer: Int) -> Tensor<Float> {
        require(queries.columns == heads * layout.keySize, "\(heads) heads of \(layout.keySize) do not fill queries \(queries.shape)")
        let sources = batch.spans.map {
            Source(
                pages: $0.cache.pages[layer], pageSize: $0.cache.pageSize, valueOffset: $0.cache.valueOffset,
                firstRow: $0.rows.lowerBound, firstPosition: $0.cache.count)
        }
        let tiles = tiles(batch.spans.map(\.rows))
        return Tensor(shape: [queries.rows, heads * layout.valueSize]) { result in
            result.update(repeating: 0)
            queries.withUnsafeBufferPointer { buffer in
                guard let q = buffer.baseAddress, let y = result.baseAddress else { return }
                // Tiles write disjoint parts of the result, so workers may share the pointers.
                nonisolated(unsafe) let q0 = q, y0 = y
                Parallel.forEachBlock(of: tiles.count, blockSize: 1) { block in
                    for tile in tiles[block] {
                        let source = sources[tile.span]
                        if tile.usesProducts {
                            copy(attendByProducts(tile, source, queries: queries), of: tile, to: y0)
                        } else {
                            attend(tile, source, q0, y0)
                        }
                    }
                }
            }
        }
    }

    private func tiles(_ spans: [Range<Int>]) -> [Tile] {
        let groupHeads = heads / layout.groups
        var tiles: [Tile] = []
        for (span, rows) in spans.enumerated() {
            let usesProducts = rows.count >= Self.fewestProductRows
            let headStep = usesProducts ? 1 : min(groupHeads, Self.tileQueries)
            let rowStep = usesProducts ? Self.productRows : max(1, Self.tileQueries / headStep)
            for row in stride(from: rows.lowerBound, to: rows.upperBound, by: rowStep) {
                for group in 0..<layout.groups {
                    for head in stride(from: group * groupHeads, to: (group + 1) * groupHeads, by: headStep) {
                        tiles.append(
                            Tile(
                                span: span, rows: row..<min(row + rowStep, rows.upperBound),
                                heads: head..<min(head + headStep, (group + 1) * groupHeads), usesProducts: usesProducts))
                    }
                }
            }
        }
        return tiles
    }

    /// The positions that a row sees.
    func seen(by row: Int, in source: Source) -> ClosedRange<Int> {
        let last = source.firstPosition + row - source.firstRow
        return max(0, window.map { last + 1 - $0 } ?? 0)...last
    }

    /// Writes a tile of one head, [rows, valueSize], to its place in the result, [R, heads·valueSize].
    private func copy(_ sums: Tensor<Float>, of tile: Tile, to result: UnsafeMutablePointer<Float>) {
        sums.withUnsafeBufferPointer { sums in
            for (i, row) in tile.rows.enumerated() {
                let target = result + (row * heads + tile.heads.lowerBound) * layout.valueSize
                for j in 0..<layout.valueSize { target[j] = sums[i * layout.valueSize + j] }
            }
        }
    }

    private func attend(
        _ tile: Tile, _ source: Source, _ queries: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>
    ) {
        let group = tile.heads.lowerBound / (heads / layout.groups)
        let keyOffset = group * source.pageSize * layout.keySize
        let valueStride = layout.valuesAreKeys ? layout.keySize : layout.valueSize
        let valueOffset = source.valueOffset + group * source.pageSize * valueStride
        let first = seen(by: tile.rows.lowerBound, in: source).lowerBound
        let end = seen(by: tile.rows.upperBound - 1, in: source).upperBound + 1
        let width = end - first
        let scratch = UnsafeMutablePointer<Float>.allocate(capacity: tile.rows.count * tile.heads.count * width + source.pageSize * 16)
        defer { scratch.deallocate() }
        let lanes = scratch + tile.rows.count * tile.heads.count * width

        /// `body(row, head, scores of the positions from `slots`' first on, slots)` for the tile's queries and each page.
        func forEachPage(
            _ body: (UnsafePointer<Float>, Int, Int, UnsafeMutablePointer<Float>, Range<Int>) -> Void
        ) {
            for page in first / source.pageSize...(end - 1) / source.pageSize {
                let start = page * source.pageSize
                source.pages[page].withUnsafeBufferPointer { buffer in
                    guard let base = buffer.baseAddress else { return }
                    var query = 0
                    for row in tile.rows {
                        let seen = seen(by: row, in: source)
                        let low = max(seen.lowerBound, start), high = min(seen.upperBound + 1, start + source.pageSize)
                        for head in tile.heads {
                            if low < high { body(base, row, head, scratch + query * width + low - first, low - start..<high - start) }
                            query += 1
                        }
                    }
                }
            }
        }

        forEachPage { page, row, head, scores, slots in
            dotProducts(
                queries + (row * heads + head) * layout.keySize, keys: page + keyOffset + slots.lowerBound * layout.keySize,
                stride: layout.keySize, size: layout.keySize, count: slots.count, scale: scale, lanes: lanes, into: scores)
        }
        var query = 0
        for row in tile.rows {
            let seen = seen(by: row, in: source)
            for head in tile.heads {
                softmaxInPlace(scratch + query * width + seen.lowerBound - first, seen.count, sink: sinks?[head] ?? -.infinity)
                query += 1
            }
        }
        forEachPage { page, row, head, weights, slots in
            addWeighted(
                page + valueOffset + slots.lowerBound * valueStride, stride: valueStride, size: layout.valueSize,
                count: slots.count, weights: weights, to: result + (row * heads + head) * layout.valueSize)
        }
    }
}
