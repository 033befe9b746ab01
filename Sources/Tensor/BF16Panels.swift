import CBF16

/// A frozen BF16 matrix W, [``rows``, ``columns``] (outputs × inputs), packed once into panels of 64 outputs for x·Wᵀ.
///
/// Weights are read once however few rows x has, in the order in which they lie. A number of the result depends on its
/// row of x and on W alone: the same bits for one row and for a thousand, with any number of threads.
public struct BF16Panels: Sendable {
    /// Outputs.
    public let rows: Int
    /// Inputs.
    public let columns: Int
    private let panels: Tensor<Float>

    /// Whether this processor multiplies panels; otherwise there is no use for them.
    public static var isAvailable: Bool { BF16Kernels.usesTiles }

    /// Up to so many rows of x pass over a panel while it lies in the nearest cache; more of them are cut into blocks.
    private static let fewRows = 48

    /// Packs a copy of W.
    ///
    /// - Parameter weights: W; nothing of it is kept.
    public init(_ weights: BF16Matrix) {
        require(Self.isAvailable, "panels on a processor without BF16 products")
        (rows, columns) = (weights.rows, weights.columns)
        var panels = Tensor<Float>(shape: [BF16TileProduct.panelWords(n: rows, k: columns)]) { _ in }
        let words = UnsafeMutableRawPointer(panels.mutablePointer()).assumingMemoryBound(to: Int32.self)
        weights.withRows { BF16TileProduct.packPanels($0, n: weights.rows, k: weights.columns, into: words) }
        self.panels = panels
    }

    /// Bytes that a packed copy takes.
    public static func byteCount(rows: Int, columns: Int) -> Int {
        4 * BF16TileProduct.panelWords(n: rows, k: columns)
    }

    /// x·Wᵀ, [R, rows], with x rounded to BF16.
    ///
    /// - Parameter x: [R, columns].
    public func product(_ x: Tensor<Float>) -> Tensor<Float> { Self.products(x, [self])[0] }

    /// x·Wᵀ of several W in one go: x is rounded once, and threads share out all of the work.
    ///
    /// - Parameters:
    ///   - x: [R, columns].
    ///   - all: matrices of as many columns.
    /// - Returns: of each [R, its rows].
    public static func products(_ x: Tensor<Float>, _ all: [BF16Panels]) -> [Tensor<Float>] {
        for weights in all {
            require(
                x.columns == weights.columns,
                "x of shape \(x.shape) times panels of \(weights.rows) × \(weights.columns): inner sizes differ")
        }
        let m = x.rows, k = x.columns
        guard m > 0, k > 0 else { return all.map { Tensor(shape: [m, $0.rows], repeating: 0) } }
        var results = all.map { Tensor<Float>(shape: [m, $0.rows]) { _ in } }
        let rounded = BF16Matrix(rounding: x)
        rounded.withRows { left in
            let products = all.indices.map { i in
                BF16TileProduct(
                    m: m, n: all[i].rows, k: k, left: .rows(left), right: .panels(all[i].words),
                    c: results[i].mutablePointer(), stride: all[i].rows)
            }
            m <= fewRows ? BF16TileProduct.runFewRows(products) : BF16TileProduct.runBlocks(products)
        }
        withExtendedLifetime(all) {}
        return results
    }

    private var words: UnsafePointer<Int32> {
        panels.withUnsafeBufferPointer { UnsafeRawPointer($0.baseAddress!).assumingMemoryBound(to: Int32.self) }
    }
}

extension BF16TileProduct {
    /// Panel by panel, each once for all rows, in the order of memory.
    ///
    /// - Parameter products: with the same few rows on the left, and panels on the right.
    static func runFewRows(_ products: [BF16TileProduct]) {
        let starts = products.reduce(into: [0]) { $0.append($0.last! + ($1.n + tileColumns - 1) / tileColumns) }
        let count = starts.last!
        // Tasks write disjoint columns.
        nonisolated(unsafe) let products = products
        Parallel.forEachBlock(of: count, blockSize: max(1, min(8, count / (8 * Parallel.threads)))) { block in
            var part = starts.lastIndex { $0 <= block.lowerBound } ?? 0
            for panel in block {
                while panel >= starts[part + 1] { part += 1 }
                products[part].runPanel(panel - starts[part])
            }
        }
    }

    private func runPanel(_ panel: Int) {
        guard case .rows(let table) = left, case .panels(let base) = right else { return }
        let j = panel * Self.tileColumns, count = min(Self.tileColumns, n - j)
        let b = base + Self.panelOffset(column: j, k: k)
        withUnsafeTemporaryAllocation(byteCount: m * Self.tileColumns * 4, alignment: 64) { memory in
            guard let sums = memory.bindMemory(to: Float.self).baseAddress else { return }
            for first in Swift.stride(from: 0, to: k, by: Self.depth) {
                let depth = min(Self.depth, k - first), isLast = first + depth >= k
                for i in Swift.stride(from: 0, to: m, by: Self.tileRows) {
                    let kept = sums + i * Self.tileColumns
                    cbf_tile_rows(
                        Int32(min(Self.tileRows, m - i)), table + i, Int64(first), Int64(depth),
                        b + Self.tileColumns * first / 2, first == 0 ? nil : UnsafePointer(kept),
                        Int64(Self.tileColumns), isLast ? c + i * stride + j : kept,
                        Int64(isLast ? stride : Self.tileColumns), Int32(count))
                }
            }
        }
    }

    /// Blocks of rows and columns of all products.
    ///
    /// - Parameter products: with the same rows on the left, and panels on the right.
    static func runBlocks(_ products: [BF16TileProduct]) {
        let blocks = Blocks(rows: 192, columns: 512)
        let tasks = products.indices.flatMap { i in products[i].tasks(blocks).map { (i, $0, $1) } }
        nonisolated(unsafe) let products = products
        Parallel.forEachBlock(of: tasks.count, blockSize: 1) { block in
            for (i, rows, columns) in tasks[block] { products[i].runBlock(rows, columns) }
        }
    }
}
