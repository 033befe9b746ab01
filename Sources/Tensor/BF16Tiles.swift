import CBF16

/// The tiles of BF16 products at the door of kernels that put their own products together, such as attention.
///
/// Only where ``BF16Kernels/usesTiles``. Pointers are the caller's duty; panels are aligned to 64 bytes.
package enum BF16Tiles {
    /// Rows and columns of a tile.
    package static let rows = 6, columns = 64

    /// Bytes of a panel of 64 columns and `depth` numbers along k.
    package static func panelBytes(depth: Int) -> Int { (depth + 1) / 2 * columns * 4 }

    /// Rounds Float to BF16, nearest even.
    @inline(__always)
    package static func round(_ x: UnsafePointer<Float>, _ count: Int, into rounded: UnsafeMutableRawPointer) {
        cbf_round(x, Int64(count), rounded)
    }

    /// A panel whose columns are `count` rows of `depth` BF16 numbers.
    @inline(__always)
    package static func packTransposed(
        _ rows: UnsafePointer<UnsafeRawPointer>, _ count: Int, depth: Int, into panel: UnsafeMutableRawPointer
    ) {
        cbf_pack_transposed(
            Int32(count), rows, 0, Int64(depth), 0, panel.assumingMemoryBound(to: Int32.self))
    }

    /// A panel from `depth` rows of BF16 numbers, of which each holds the panel's columns after `first` others.
    @inline(__always)
    package static func packRows(
        _ rows: UnsafePointer<UnsafeRawPointer>, depth: Int, first: Int, columns: Int,
        into panel: UnsafeMutableRawPointer
    ) {
        cbf_pack_rows(
            Int32(columns), rows, Int64(first), Int64(depth), 0, panel.assumingMemoryBound(to: Int32.self))
    }

    /// `c ← a·panel` for up to six rows of `depth` BF16 numbers.
    ///
    /// - Parameters:
    ///   - stride: from one row of c to the next.
    ///   - columns: of c that are written, at most 64.
    @inline(__always)
    package static func multiply(
        _ a: UnsafePointer<UnsafeRawPointer>, _ rows: Int, depth: Int, panel: UnsafeRawPointer,
        into c: UnsafeMutablePointer<Float>, stride: Int, columns: Int
    ) {
        cbf_tile_rows(
            Int32(rows), a, 0, Int64(depth), panel.assumingMemoryBound(to: Int32.self), nil, 0, c, Int64(stride),
            Int32(columns))
    }
}
