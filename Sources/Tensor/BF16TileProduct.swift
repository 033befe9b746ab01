import CBF16

/// C = A·B by the processor's BF16 instructions: tiles of 6 × 64, blocks that stay in cache, sums along k in slices.
///
/// A number of C is the sum of its slices' sums, in the order of k, and a slice's sum takes pair after pair: how C is
/// cut into blocks and tiles changes no bit.
struct BF16TileProduct {
    /// The left factor, [m, k].
    enum Left {
        /// Rows of k numbers.
        case rows(UnsafePointer<UnsafeRawPointer>)
        /// From ``packLeft(_:stride:m:k:into:)``.
        case packed(UnsafePointer<Int32>)
    }

    /// The right factor, [k, n].
    enum Right {
        /// n rows of k numbers: Bᵀ.
        case transposed(UnsafePointer<UnsafeRawPointer>)
        /// k rows of n numbers.
        case rows(UnsafePointer<UnsafeRawPointer>)
        /// Panels of all k, one after the other.
        case panels(UnsafePointer<Int32>)
    }

    /// Rows and columns of C that a task takes.
    struct Blocks {
        var rows, columns: Int
    }

    /// Numbers along k of a slice: a panel of so many stays in the nearest cache.
    static let depth = 256
    static let tileRows = 6, tileColumns = 64
    static let panelBytes = 2 * depth * tileColumns

    let m, n, k: Int
    let left: Left
    let right: Right
    let c: UnsafeMutablePointer<Float>
    let stride: Int

    /// Computes C, all of it.
    ///
    /// - Parameter blocks: the largest blocks; where there are few of them, smaller ones keep all threads busy.
    func run(_ blocks: Blocks) {
        let tasks = tasks(blocks)
        // Tasks write disjoint blocks of C.
        nonisolated(unsafe) let product = self
        Parallel.forEachBlock(of: tasks.count, blockSize: 1) { block in
            for (rows, columns) in tasks[block] { product.runBlock(rows, columns) }
        }
    }

    /// The blocks of C, column of blocks after column of blocks.
    ///
    /// - Parameter blocks: the largest blocks; where there are few of them, smaller ones keep all threads busy.
    func tasks(_ blocks: Blocks) -> [(rows: Range<Int>, columns: Range<Int>)] {
        var blocks = blocks
        func pieces(_ count: Int, _ size: Int) -> Int { (count + size - 1) / size }
        while pieces(m, blocks.rows) * pieces(n, blocks.columns) < 3 * Parallel.threads {
            if blocks.columns > Self.tileColumns, n > Self.tileColumns {
                blocks.columns = Self.tileColumns * ((min(n, blocks.columns) / Self.tileColumns + 1) / 2)
            } else if blocks.rows > 8 * Self.tileRows, m > 8 * Self.tileRows {
                blocks.rows = Self.tileRows * ((min(m, blocks.rows) / Self.tileRows + 1) / 2)
            } else {
                break
            }
        }
        let down = pieces(m, blocks.rows), size = blocks
        return (0..<down * pieces(n, size.columns)).map { task in
            let i = task % down * size.rows, j = task / down * size.columns
            return (i..<min(m, i + size.rows), j..<min(n, j + size.columns))
        }
    }

    func runBlock(_ rows: Range<Int>, _ columns: Range<Int>) {
        let panel = allocate(Self.panelBytes, as: Int32.self)
        // Sums between slices lie side by side, [panel][row][64]: rows of C that are a power of two apart would share
        // the same few places of a cache.
        let width = (columns.count + Self.tileColumns - 1) / Self.tileColumns * Self.tileColumns
        let sums = allocate(k > Self.depth ? 4 * width * rows.count : 64, as: Float.self)
        defer {
            panel.deallocate()
            sums.deallocate()
        }
        for first in Swift.stride(from: 0, to: k, by: Self.depth) {
            let depth = min(Self.depth, k - first)
            for j in Swift.stride(from: columns.lowerBound, to: columns.upperBound, by: Self.tileColumns) {
                let count = min(Self.tileColumns, columns.upperBound - j)
                let b = panelAt(j, count, first, depth, packedInto: panel)
                let own = sums + (j - columns.lowerBound) * rows.count
                for i in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: Self.tileRows) {
                    let height = min(Self.tileRows, rows.upperBound - i)
                    let kept = own + (i - rows.lowerBound) * Self.tileColumns
                    let before = first == 0 ? nil : UnsafePointer(kept), isLast = first + depth >= k
                    let target = isLast ? c + i * stride + j : kept, targetStride = isLast ? stride : Self.tileColumns
                    switch left {
                    case .rows(let table):
                        cbf_tile_rows(
                            Int32(height), table + i, Int64(first), Int64(depth), b, before, Int64(Self.tileColumns),
                            target, Int64(targetStride), Int32(count))
                    case .packed(let base):
                        cbf_tile_packed(
                            Int32(height), base + Self.packedOffset(m: m, row: i, k: first), Int64(depth), b, before,
                            Int64(Self.tileColumns), target, Int64(targetStride), Int32(count))
                    }
                }
            }
        }
    }

    private func panelAt(
        _ column: Int, _ columns: Int, _ first: Int, _ depth: Int, packedInto panel: UnsafeMutablePointer<Int32>
    ) -> UnsafePointer<Int32> {
        // Of the next slice only what is there may be fetched.
        let ahead = min(depth, k - first - depth)
        switch right {
        case .panels(let base):
            return base + Self.panelOffset(column: column, k: k) + Self.tileColumns * first / 2
        case .transposed(let table):
            cbf_pack_transposed(Int32(columns), table + column, Int64(first), Int64(depth), Int64(ahead), panel)
        case .rows(let table):
            cbf_pack_rows(Int32(columns), table + first, Int64(column), Int64(depth), Int64(ahead), panel)
        }
        return UnsafePointer(panel)
    }

    // MARK: Packing before

    /// Words of panels of n columns and all k.
    static func panelWords(n: Int, k: Int) -> Int { panelOffset(column: n + tileColumns - 1, k: k) }

    static func panelOffset(column: Int, k: Int) -> Int {
        column / tileColumns * tileColumns * ((k + 1) / 2)
    }

    /// Panels of Bᵀ, n rows of k numbers, packed in parallel.
    static func packPanels(
        _ table: UnsafePointer<UnsafeRawPointer>, n: Int, k: Int, into panels: UnsafeMutablePointer<Int32>
    ) {
        nonisolated(unsafe) let table = table, panels = panels
        Parallel.forEachBlock(of: n, blockSize: tileColumns) { block in
            cbf_pack_transposed(
                Int32(block.count), table + block.lowerBound, 0, Int64(k), 0,
                panels + panelOffset(column: block.lowerBound, k: k))
        }
    }

    /// Words that ``packLeft(_:stride:m:k:into:)`` writes.
    static func leftWords(m: Int, k: Int) -> Int {
        let slices = (k + depth - 1) / depth
        return packedOffset(m: m, row: 0, k: slices * depth)
    }

    private static func packedOffset(m: Int, row: Int, k: Int) -> Int {
        let words = tileRows * depth / 2
        return (k / depth * ((m + tileRows - 1) / tileRows) + row / tileRows) * words
    }

    /// Zᵀ, [m, k], rounded from Z, [k, m] in Float: [slice of k][six rows][pair][6], in parallel.
    static func packLeft(
        _ z: UnsafePointer<Float>, stride: Int, m: Int, k: Int, into packed: UnsafeMutablePointer<Int32>
    ) {
        nonisolated(unsafe) let z = z, packed = packed
        Parallel.forEachBlock(of: k, blockSize: depth) { slice in
            // A few rows of Z at a time, which then lie in cache for all of their columns.
            for first in Swift.stride(from: slice.lowerBound, to: slice.upperBound, by: 32) {
                let count = min(32, slice.upperBound - first)
                for i in Swift.stride(from: 0, to: m, by: tileRows) {
                    let start = packedOffset(m: m, row: i, k: slice.lowerBound)
                    cbf_pack_left(
                        Int32(min(tileRows, m - i)), z + first * stride + i, Int64(stride), Int64(count),
                        packed + start + (first - slice.lowerBound) / 2 * tileRows)
                }
            }
        }
    }

    private func allocate<Word>(_ byteCount: Int, as type: Word.Type) -> UnsafeMutablePointer<Word> {
        UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
            .bindMemory(to: type, capacity: byteCount / MemoryLayout<Word>.stride)
    }
}
