import Tensor

/// What one position leaves behind in one layer: `groups` heads of keys, and of values.
struct CacheLayout: Sendable, Equatable {
    let groups: Int
    let keySize: Int, valueSize: Int
    /// Whether the values are the first elements of the keys, as in latent attention, and need no room of their own.
    let valuesAreKeys: Bool

    /// Numbers of one position.
    var width: Int { groups * (keySize + (valuesAreKeys ? 0 : valueSize)) }
}

/// The keys and values of one sequence, in all layers, so that a token is read once and never again.
///
/// They lie in pages of a few positions each. Pages are values that are copied when written while shared, so a fork
/// costs nothing but the page that both sides go on writing to. Pages that have left a layer's sliding window are let
/// go. A class because a sequence owns one cache and steps change it.
public final class KVCache {
    /// How many positions are held: the next token's position.
    public internal(set) var count = 0

    /// The tokens that are held, where a longer text will need them to be read once more.
    private(set) var tokens: [Int] = []
    /// Whether keys are turned as in texts that outgrow longrope's original context.
    var isLong = false

    let layout: CacheLayout
    let pageSize: Int
    /// For each layer how many positions, the newest included, a token sees; nil sees all.
    let windows: [Int?]
    /// For each layer its pages; an empty tensor where a page was let go. A page holds, for each group, keys
    /// [pageSize, keySize], and after all of those, for each group, values [pageSize, valueSize].
    private(set) var pages: [[Tensor<Float>]]

    init(layout: CacheLayout, windows: [Int?], pageSize: Int) {
        require(
            layout.valuesAreKeys ? layout.valueSize <= layout.keySize : layout.valueSize == layout.keySize,
            "values of \(layout.valueSize) beside keys of \(layout.keySize) in a cache")
        (self.layout, self.windows, self.pageSize) = (layout, windows, pageSize)
        pages = Array(repeating: [], count: windows.count)
    }

    private init(copying other: KVCache) {
        (count, layout, windows, pageSize, pages) = (
            other.count, other.layout, other.windows, other.pageSize, other.pages
        )
        (tokens, isLong) = (other.tokens, other.isLong)
    }

    /// A second sequence with the same past. Both share its memory.
    public func fork() -> KVCache { KVCache(copying: self) }

    /// Bytes of all pages, those that forks share counted in each.
    public var byteCount: Int { pages.joined().reduce(0) { $0 + $1.count } * MemoryLayout<Float>.stride }

    /// Writes a layer's keys and values of the positions from `count` on; `count` itself moves when all layers are
    /// done.
    ///
    /// - Parameters:
    ///   - keys: [R, groups·keySize], of which `rows` are this sequence's; values likewise, nil where they are the
    ///     keys.
    func append(layer: Int, keys: Tensor<Float>, values: Tensor<Float>?, rows: Range<Int>) {
        require(
            keys.columns == layout.groups * layout.keySize
                && values.map { $0.columns == layout.groups * layout.valueSize } ?? true,
            "cache of \(layout.groups) heads of \(layout.keySize) and \(layout.valueSize) gets \(keys.shape) and "
                + "\(values?.shape ?? [])"
        )
        require(rows.lowerBound >= 0 && rows.upperBound <= keys.rows, "rows \(rows) of \(keys.shape)")
        let hasValues = values != nil
        withPointers(to: keys, values ?? keys) { keys, values in
            var step = 0
            while step < rows.count {
                let number = (count + step) / pageSize, slot = (count + step) % pageSize
                if number == pages[layer].count {
                    pages[layer].append(Tensor(shape: [pageSize * layout.width]) { _ in })
                }
                let taken = min(rows.count - step, pageSize - slot), first = rows.lowerBound + step
                let page = pages[layer][number].mutablePointer()
                copy(keys, first..<first + taken, layout.keySize, to: page, slot: slot)
                if hasValues {
                    copy(values, first..<first + taken, layout.valueSize, to: page + valueOffset, slot: slot)
                }
                step += taken
            }
        }
    }

    /// Where values begin in a page.
    var valueOffset: Int { layout.valuesAreKeys ? 0 : layout.groups * pageSize * layout.keySize }

    /// Copies the groups of some rows, each into its own part of the page, from `slot` on.
    private func copy(
        _ x: UnsafePointer<Float>, _ rows: Range<Int>, _ size: Int, to page: UnsafeMutablePointer<Float>, slot: Int
    ) {
        for group in 0..<layout.groups {
            let source = x + group * size, target = page + (group * pageSize + slot) * size
            for (place, row) in rows.enumerated() {
                copyNumbers(source + row * layout.groups * size, to: target + place * size, size)
            }
        }
    }

    /// Holds `count` positions of equal keys and values, as if so many tokens had been read: what a step after a long
    /// prompt costs can then be measured without reading the prompt.
    package func pretend(toHold count: Int) {
        require(self.count == 0, "a cache that holds \(self.count) positions cannot pretend to hold \(count)")
        let page = pageSize * layout.width
        for layer in pages.indices {
            pages[layer] = (0..<(count + pageSize - 1) / pageSize).map { _ in Tensor(shape: [page], repeating: 0.01) }
        }
        advance(by: count)
    }

    /// Keeps tokens whose positions are about to be counted.
    func keep(_ tokens: ArraySlice<Int>) { self.tokens += tokens }

    /// Forgets all positions, to read the same tokens as the beginning of a long text.
    ///
    /// - Returns: the tokens that were held. A cache that pretends knows none, and stays as it is.
    func restartAsLong() -> [Int] {
        guard tokens.count == count else {
            isLong = true
            return []
        }
        defer {
            pages = Array(repeating: [], count: windows.count)
            (count, tokens, isLong) = (0, [], true)
        }
        return tokens
    }

    /// Counts the positions that all layers have written, and lets go what no later token will see.
    func advance(by steps: Int) {
        count += steps
        for (layer, window) in windows.enumerated() {
            guard let window else { continue }
            // The next token, at position `count`, sees positions from count + 1 − window on.
            var page = (count + 1 - window) / pageSize - 1
            while page >= 0, pages[layer][page].count > 0 {
                pages[layer][page] = Tensor(shape: [0], [])
                page -= 1
            }
        }
    }
}

/// As `update(from:count:)`, without a call for what is a few vectors.
@inline(__always)
private func copyNumbers(_ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, _ count: Int) {
    var i = 0
    while i + 16 <= count {
        storeVector(loadVector(source + i), target + i)
        i += 16
    }
    while i < count {
        target[i] = source[i]
        i += 1
    }
}
