import CBF16

/// A matrix of BF16 numbers, [rows, columns], where it lies: each row is one run of numbers anywhere in memory, such as
/// in a mapped file, with or without alignment. Nothing is copied.
///
/// Products with it round a Float factor to BF16, multiply exactly and add up in Float. Each sum runs along k in a
/// fixed order, so that it has the same bits with any number of threads.
///
/// `@unchecked Sendable`: nobody writes the numbers.
public struct BF16Matrix: @unchecked Sendable {
    /// Numbers in a row.
    public let columns: Int
    /// Where each row begins.
    let rowPointers: [UnsafeRawPointer]
    private let owner: AnyObject?

    /// Number of rows.
    public var rows: Int { rowPointers.count }

    /// - Parameters:
    ///   - columns: numbers in a row, two bytes each.
    ///   - rowPointers: where each row begins.
    ///   - owner: keeps these bytes as they are, as long as it is there.
    public init(columns: Int, rowPointers: [UnsafeRawPointer], owner: AnyObject?) {
        require(columns >= 0, "a matrix of \(columns) columns")
        (self.columns, self.rowPointers, self.owner) = (columns, rowPointers, owner)
    }

    /// The nearest BF16 numbers to those of a tensor, ties to even.
    public init(rounding x: Tensor<Float>) {
        let rows = x.rows, columns = x.columns
        // Two BF16 numbers take the place of a Float; so the memory may come from the pool.
        var memory = Tensor<Float>(shape: [(x.count + 1) / 2]) { _ in }
        let base = UnsafeMutableRawPointer(memory.mutablePointer())
        withPointers(to: x) { x in
            // Blocks of rows are disjoint.
            nonisolated(unsafe) let x = x, base = base
            let isRoundedByProcessor = BF16Kernels.usesTiles
            Parallel.forEachBlock(of: rows, blockSize: max(1, 65_536 / max(1, columns))) { block in
                let first = block.lowerBound * columns, count = block.count * columns
                if isRoundedByProcessor {
                    cbf_round(x + first, Int64(count), base + 2 * first)
                } else {
                    for i in first..<first + count {
                        base.storeBytes(of: bfloat16Bits(x[i]), toByteOffset: 2 * i, as: UInt16.self)
                    }
                }
            }
        }
        let start = UnsafeRawPointer(base)
        self.init(
            columns: columns, rowPointers: (0..<rows).map { start + 2 * $0 * columns }, owner: memory.storage)
    }

    /// Rows `range` of this matrix.
    public subscript(rows range: Range<Int>) -> BF16Matrix {
        require(
            range.lowerBound >= 0 && range.upperBound <= rows,
            "rows \(range) are outside a matrix of \(rows) × \(columns)")
        return BF16Matrix(columns: columns, rowPointers: Array(rowPointers[range]), owner: owner)
    }

    /// Number of the first row that holds ±∞ or NaN; nil where all numbers are finite.
    ///
    /// - Parameter rows: that are looked at.
    public func firstRowNotFinite(_ rows: Range<Int>) -> Int? {
        defer { withExtendedLifetime(owner) {} }
        return rows.first { cbf_are_finite(rowPointers[$0], Int64(columns)) == 0 }
    }

    /// The numbers as Float, exactly.
    public var widened: Tensor<Float> {
        Tensor(shape: [rows, columns]) { target in
            guard let base = target.baseAddress else { return }
            withRows { table in widenRows(table, 0..<rows, 0..<columns, into: base) }
        }
    }

    /// Calls `body` with the table of rows; what they point at is there until `body` returns.
    func withRows<Result>(_ body: (UnsafePointer<UnsafeRawPointer>) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(owner) {
            try rowPointers.withUnsafeBufferPointer { table in
                // An empty table has no address, and none of its rows is ever read.
                guard let base = table.baseAddress else {
                    return try withUnsafePointer(to: UnsafeRawPointer(bitPattern: 64)!) { try body($0) }
                }
                return try body(base)
            }
        }
    }
}

/// BF16 bits of the nearest value, ties to even; beyond the range ±∞; NaN stays NaN.
@inline(__always)
func bfloat16Bits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern, rounded = (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16
    return UInt16(truncatingIfNeeded: bits & 0x7FFF_FFFF > 0x7F80_0000 ? bits >> 16 | 0x40 : rounded)
}

/// Some columns of some rows as Float, [rows.count, columns.count], one after the other.
func widenRows(
    _ table: UnsafePointer<UnsafeRawPointer>, _ rows: Range<Int>, _ columns: Range<Int>,
    into target: UnsafeMutablePointer<Float>
) {
    for (place, row) in rows.enumerated() {
        widen(table[row] + 2 * columns.lowerBound, columns.count, into: target + place * columns.count)
    }
}

@inline(never)
private func widen(_ source: UnsafeRawPointer, _ count: Int, into target: UnsafeMutablePointer<Float>) {
    for i in 0..<count {
        let bits = source.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
        target[i] = Float(bitPattern: UInt32(bits) << 16)
    }
}
