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
    /// Whether many rows of a sequence are multiplied in BF16.
    var usesBF16 = false

    /// Queries of a tile without matrix products, at most.
    private static let tileQueries = 16
    /// Rows of a tile with matrix products, and from how many rows on a sequence is worth them.
    private static let productRows = 64, fewestProductRows = 16
    /// From how many tiles on threads take several at once, and how many.
    private static let manyTiles = 128, tilesPerBlock = 16

    struct Tile: Sendable {
        let span: Int
        let rows: Range<Int>
        let heads: Range<Int>
        let usesProducts: Bool
    }

    /// What a tile reads of a cache, so that threads need not touch the cache itself.
    struct Source: Sendable {
        let pages: [Tensor<Float>]
        /// Place of the first page among the pages of all sources.
        let firstPage: Int
        let pageSize: Int, valueOffset: Int
        let firstRow: Int, firstPosition: Int
    }

    /// - Parameter queries: [R, heads·keySize]; the rows' own keys and values are already in the caches.
    /// - Returns: [R, heads·valueSize].
    func callAsFunction(_ queries: Tensor<Float>, batch: Batch, layer: Int) -> Tensor<Float> {
        require(
            queries.columns == heads * layout.keySize,
            "\(heads) heads of \(layout.keySize) do not fill queries \(queries.shape)")
        var pages: [UnsafePointer<Float>] = [], sources: [Source] = []
        sources.reserveCapacity(batch.spans.count)
        pages.reserveCapacity(2 * batch.spans.count)
        for span in batch.spans {
            let own = span.cache.pages[layer]
            sources.append(
                Source(
                    pages: own, firstPage: pages.count, pageSize: span.cache.pageSize,
                    valueOffset: span.cache.valueOffset,
                    firstRow: span.rows.lowerBound, firstPosition: span.cache.count))
            // The sources keep the pages' memory.
            for page in own { withPointers(to: page) { pages.append($0) } }
        }
        let tiles = tiles(batch.spans.map(\.rows))
        var result = Tensor<Float>(shape: [queries.rows, heads * layout.valueSize]) { $0.update(repeating: 0) }
        let pasts = zip(batch.spans, sources).map { span, source in
            span.rows.count >= Self.fewestProductRows && packs(source)
                ? PackedPast(source, layout, seen: seen(by: span.rows, in: source)) : nil
        }
        // The arrays are pointers for the time of the call.
        attend(tiles, sources, pages, pasts, queries, result.mutablePointer())
        return result
    }

    /// Computes all tiles, in parallel.
    private func attend(
        _ tiles: [Tile], _ sources: UnsafePointer<Source>, _ pages: UnsafePointer<UnsafePointer<Float>>,
        _ pasts: [PackedPast?], _ queries: Tensor<Float>, _ result: UnsafeMutablePointer<Float>
    ) {
        withPointers(to: queries) { q in
            // Tiles write disjoint parts of the result, so workers may share the pointers.
            nonisolated(unsafe) let sources = sources, pages = pages, q = q, result = result
            let blockSize = tiles.count >= Self.manyTiles ? Self.tilesPerBlock : 1
            Parallel.forEachBlock(of: tiles.count, blockSize: blockSize) { block in
                var scratch = AttentionScratch()
                for tile in tiles[block] {
                    if let past = pasts[tile.span] {
                        attend(tile, sources[tile.span], past, q, result)
                    } else if tile.usesProducts {
                        copy(attendByProducts(tile, sources[tile.span], queries: queries), of: tile, to: result)
                    } else {
                        attend(tile, sources, pages, q, result, &scratch)
                    }
                }
                scratch.deallocate()
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
                                heads: head..<min(head + headStep, (group + 1) * groupHeads), usesProducts: usesProducts
                            ))
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

    /// The positions that any of some rows sees.
    private func seen(by rows: Range<Int>, in source: Source) -> ClosedRange<Int> {
        seen(by: rows.lowerBound, in: source).lowerBound...seen(by: rows.upperBound - 1, in: source).upperBound
    }

    /// Writes a tile of one head, [rows, valueSize], to its place in the result, [R, heads·valueSize].
    private func copy(_ sums: Tensor<Float>, of tile: Tile, to result: UnsafeMutablePointer<Float>) {
        withPointers(to: sums) { sums in
            for (i, row) in tile.rows.enumerated() {
                let target = result + (row * heads + tile.heads.lowerBound) * layout.valueSize
                for j in 0..<layout.valueSize { target[j] = sums[i * layout.valueSize + j] }
            }
        }
    }

    private func attend(
        _ tile: Tile, _ sources: UnsafePointer<Source>, _ allPages: UnsafePointer<UnsafePointer<Float>>,
        _ queries: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, _ scratch: inout AttentionScratch
    ) {
        let pageSize = sources[tile.span].pageSize, pages = allPages + sources[tile.span].firstPage
        let offset = sources[tile.span].firstPosition - sources[tile.span].firstRow
        let group = tile.heads.lowerBound / (heads / layout.groups), keySize = layout.keySize,
            valueSize = layout.valueSize
        let keyOffset = group * pageSize * keySize
        let valueStride = layout.valuesAreKeys ? keySize : valueSize
        let valueOffset = sources[tile.span].valueOffset + group * pageSize * valueStride
        let first = firstSeen(at: tile.rows.lowerBound + offset), end = tile.rows.upperBound + offset
        // Softmax writes whole vectors, and so beyond the last position of a query.
        let width = (end - first + 31) & ~15, count = tile.rows.count * tile.heads.count * width
        let scores = scratch.numbers(count + 16 * pageSize), lanes = scores + count

        /// `body(page, row, head, scores of the positions from `slots`' first on, slots)` for the tile's queries and
        /// each page.
        @inline(__always) func forEachPage(
            _ body: (UnsafePointer<Float>, Int, Int, UnsafeMutablePointer<Float>, Range<Int>) -> Void
        ) {
            for page in first / pageSize...(end - 1) / pageSize {
                let start = page * pageSize
                var query = scores
                for row in tile.rows {
                    let low = max(firstSeen(at: row + offset), start), high = min(row + offset + 1, start + pageSize)
                    for head in tile.heads {
                        if low < high {
                            body(pages[page], row, head, query + (low - first), low - start..<high - start)
                        }
                        query += width
                    }
                }
            }
        }

        forEachPage { page, row, head, scores, slots in
            dotProducts(
                queries + (row * heads + head) * keySize, keys: page + keyOffset + slots.lowerBound * keySize,
                stride: keySize, size: keySize, count: slots.count, scale: scale, lanes: lanes, into: scores)
        }
        var query = scores
        for row in tile.rows {
            let low = firstSeen(at: row + offset)
            for head in tile.heads {
                softmaxInPlace(query + (low - first), row + offset + 1 - low, sink: sinks?[head] ?? -.infinity)
                query += width
            }
        }
        forEachPage { page, row, head, weights, slots in
            addWeighted(
                page + valueOffset + slots.lowerBound * valueStride, stride: valueStride, size: valueSize,
                count: slots.count, weights: weights, to: result + (row * heads + head) * valueSize)
        }
    }

    /// The first position that the token at `position` sees.
    @inline(__always)
    private func firstSeen(at position: Int) -> Int { max(0, window.map { position + 1 - $0 } ?? 0) }
}

/// Memory for scores, kept from one tile to the next.
private struct AttentionScratch {
    private var memory: UnsafeMutablePointer<Float>?
    private var count = 0

    mutating func numbers(_ wanted: Int) -> UnsafeMutablePointer<Float> {
        if let memory, count >= wanted { return memory }
        deallocate()
        let raw = UnsafeMutableRawPointer.allocate(byteCount: 4 * wanted, alignment: 64)
        (memory, count) = (raw.bindMemory(to: Float.self, capacity: wanted), wanted)
        return raw.assumingMemoryBound(to: Float.self)
    }

    mutating func deallocate() {
        memory?.deallocate()
        (memory, count) = (nil, 0)
    }
}
