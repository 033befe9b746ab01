import Tensor

// Many rows of one sequence by BF16 tiles: queries, keys, weights and values are rounded to BF16, the sums and the
// softmax are Float. Keys and values are packed once for all rows and heads of a pass.

/// The keys and values that the rows of one sequence see, rounded and packed.
///
/// A class because it owns the memory; `@unchecked Sendable`: each block of a parallel loop writes its own pages, and
/// afterwards the memory is only read.
final class PackedPast: @unchecked Sendable {
    /// The first position that is there, a page's first, and how many there are.
    let first: Int, count: Int
    private let layout: CacheLayout
    private let memory: UnsafeMutableRawPointer
    private let keyBytes: Int, valueBytes: Int

    /// Positions of a page: the columns of a panel of keys.
    static let pageSize = BF16Tiles.columns

    /// - Parameter seen: positions that any of the rows sees.
    init(_ source: CausalAttention.Source, _ layout: CacheLayout, seen: ClosedRange<Int>) {
        self.layout = layout
        first = seen.lowerBound / Self.pageSize * Self.pageSize
        count = seen.upperBound + 1 - first
        let pages = (count + Self.pageSize - 1) / Self.pageSize
        keyBytes = pages * BF16Tiles.panelBytes(depth: layout.keySize)
        valueBytes = Self.valuePanels(layout) * BF16Tiles.panelBytes(depth: pages * Self.pageSize)
        memory = .allocate(byteCount: layout.groups * (keyBytes + valueBytes), alignment: 64)
        let firstPage = first / Self.pageSize, groups = layout.groups
        Parallel.forEachBlock(of: pages * groups, blockSize: 8) { block in
            withUnsafeTemporaryAllocation(
                byteCount: 2 * Self.pageSize * max(layout.keySize, layout.valueSize), alignment: 64
            ) { rounded in
                guard let rounded = rounded.baseAddress else { return }
                for item in block {
                    withPointers(to: source.pages[firstPage + item / groups]) { page in
                        pack(page, number: item / groups, group: item % groups, rounded)
                    }
                }
            }
        }
    }

    deinit { memory.deallocate() }

    private static func valuePanels(_ layout: CacheLayout) -> Int {
        (layout.valueSize + BF16Tiles.columns - 1) / BF16Tiles.columns
    }

    /// The panel of the keys of one page, by its number from ``first`` on.
    func keys(group: Int, page: Int) -> UnsafeMutableRawPointer {
        memory + group * (keyBytes + valueBytes) + page * BF16Tiles.panelBytes(depth: layout.keySize)
    }

    /// The panel of the values from column `panel`·64 on, over all positions.
    func values(group: Int, panel: Int) -> UnsafeMutableRawPointer {
        memory + group * (keyBytes + valueBytes) + keyBytes + panel * (valueBytes / Self.valuePanels(layout))
    }

    private func pack(
        _ page: UnsafePointer<Float>, number: Int, group: Int, _ rounded: UnsafeMutableRawPointer
    ) {
        let held = min(Self.pageSize, count - number * Self.pageSize)
        func rows(_ start: UnsafePointer<Float>, _ size: Int, _ body: (UnsafePointer<UnsafeRawPointer>) -> Void) {
            BF16Tiles.round(start, held * size, into: rounded)
            withUnsafeTemporaryAllocation(of: UnsafeRawPointer.self, capacity: held) { table in
                for row in 0..<held { table.initializeElement(at: row, to: UnsafeRawPointer(rounded) + 2 * row * size) }
                guard let table = table.baseAddress else { return }
                body(table)
            }
        }
        rows(page + group * Self.pageSize * layout.keySize, layout.keySize) { table in
            BF16Tiles.packTransposed(table, held, depth: layout.keySize, into: keys(group: group, page: number))
        }
        let values = page + layout.groups * Self.pageSize * layout.keySize
        rows(values + group * Self.pageSize * layout.valueSize, layout.valueSize) { table in
            for panel in 0..<Self.valuePanels(layout) {
                let column = panel * BF16Tiles.columns
                BF16Tiles.packRows(
                    table, depth: held, first: column, columns: min(BF16Tiles.columns, layout.valueSize - column),
                    into: self.values(group: group, panel: panel)
                        + number * BF16Tiles.panelBytes(depth: Self.pageSize))
            }
        }
    }
}

extension CausalAttention {
    /// Whether many rows of a sequence go by BF16 tiles.
    func packs(_ source: Source) -> Bool {
        usesBF16 && BF16Kernels.usesTiles && !layout.valuesAreKeys && source.pageSize == PackedPast.pageSize
    }

    /// A tile of many rows and one head: `softmax(scale·Q·Kᵀ)·V`, written to its place in the result,
    /// [R, heads·valueSize].
    func attend(
        _ tile: Tile, _ source: Source, _ past: PackedPast, _ queries: UnsafePointer<Float>,
        _ result: UnsafeMutablePointer<Float>
    ) {
        let head = tile.heads.lowerBound, group = head / (heads / layout.groups)
        let keySize = layout.keySize, valueSize = layout.valueSize, count = tile.rows.count
        let pages = (seen(by: tile.rows.upperBound - 1, in: source).upperBound - past.first) / PackedPast.pageSize + 1
        // Softmax writes whole vectors, and so beyond a row's last score.
        let width = pages * PackedPast.pageSize + 16
        let floats = count * width + keySize
        withUnsafeTemporaryAllocation(
            byteCount: 4 * floats + 2 * count * (keySize + width), alignment: 64
        ) { memory in
            guard let base = memory.baseAddress else { return }
            let scores = base.bindMemory(to: Float.self, capacity: floats), scaled = scores + count * width
            let rounded = base + 4 * floats, weights = rounded + 2 * count * keySize
            for (i, row) in tile.rows.enumerated() {
                let query = queries + (row * heads + head) * keySize
                for k in 0..<keySize { scaled[k] = scale * query[k] }
                BF16Tiles.round(scaled, keySize, into: rounded + 2 * i * keySize)
            }
            withRows(of: rounded, count, 2 * keySize) { table in
                for page in 0..<pages {
                    let panel = past.keys(group: group, page: page), start = past.first + page * PackedPast.pageSize
                    for i in stride(from: 0, to: count, by: BF16Tiles.rows) {
                        let rows = min(BF16Tiles.rows, count - i)
                        // Rows that all come before the page see nothing of it.
                        guard seen(by: tile.rows.lowerBound + i + rows - 1, in: source).upperBound >= start else {
                            continue
                        }
                        BF16Tiles.multiply(
                            table + i, rows, depth: keySize, panel: panel,
                            into: scores + i * width + page * PackedPast.pageSize, stride: width,
                            columns: BF16Tiles.columns)
                    }
                }
            }
            for (i, row) in tile.rows.enumerated() {
                let line = scores + i * width, seen = seen(by: row, in: source)
                let low = seen.lowerBound - past.first, high = seen.upperBound + 1 - past.first
                softmaxInPlace(line + low, high - low, sink: sinks?[head] ?? -.infinity)
                // What lies outside of the row's own range has no weight.
                for j in 0..<low { line[j] = 0 }
                for j in high..<width { line[j] = 0 }
                BF16Tiles.round(line, width, into: weights + 2 * i * width)
            }
            withRows(of: weights, count, 2 * width) { table in
                for i in stride(from: 0, to: count, by: BF16Tiles.rows) {
                    let rows = min(BF16Tiles.rows, count - i), row = tile.rows.lowerBound + i
                    let depth = seen(by: row + rows - 1, in: source).upperBound + 1 - past.first
                    for column in stride(from: 0, to: valueSize, by: BF16Tiles.columns) {
                        BF16Tiles.multiply(
                            table + i, rows, depth: depth,
                            panel: past.values(group: group, panel: column / BF16Tiles.columns),
                            into: result + (row * heads + head) * valueSize + column, stride: heads * valueSize,
                            columns: min(BF16Tiles.columns, valueSize - column))
                    }
                }
            }
        }
    }
}

/// Pointers to `count` rows that are `stride` bytes apart.
private func withRows(
    of start: UnsafeMutableRawPointer, _ count: Int, _ stride: Int, _ body: (UnsafePointer<UnsafeRawPointer>) -> Void
) {
    withUnsafeTemporaryAllocation(of: UnsafeRawPointer.self, capacity: count) { table in
        for row in 0..<count { table.initializeElement(at: row, to: UnsafeRawPointer(start) + row * stride) }
        guard let table = table.baseAddress else { return }
        body(table)
    }
}
