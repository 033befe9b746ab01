import Tensor

/// The sketches of N tokens as a hidden-state cache stores them, one column a part, in memory that someone else keeps
/// alive and that need not be aligned, such as a mapped file.
///
/// `@unchecked Sendable`: its maker promises that nobody writes the memory meanwhile.
public struct SketchColumns<Stored: Scalar>: @unchecked Sendable {
    /// N.
    public let count: Int
    /// Numbers a row of `topLogits`, min(K, V).
    let exactCount: Int
    /// Numbers a row of each column of the tail: B + 1, or 0 where V ≤ K.
    let tailWidth: Int
    /// [N] Int32.
    let labelRanks: UnsafeRawPointer
    /// [N].
    let labelLogits: UnsafeRawPointer
    /// [N, min(K, V)].
    let topLogits: UnsafeRawPointer
    /// Each [N, B + 1]; never read where V ≤ K.
    let tailCounts: UnsafeRawPointer
    let tailMeans: UnsafeRawPointer
    let tailVariances: UnsafeRawPointer

    /// - Parameters:
    ///   - labelRanks: [N] Int32.
    ///   - labelLogits: [N].
    ///   - topLogits: [N, min(K, V)].
    ///   - tail: count, mean and variance of bins, each [N, B + 1]; nil where V ≤ K.
    public init(
        count: Int, vocabularySize: Int, shape: SketchShape, labelRanks: UnsafeRawBufferPointer,
        labelLogits: UnsafeRawBufferPointer,
        topLogits: UnsafeRawBufferPointer,
        tail: (counts: UnsafeRawBufferPointer, means: UnsafeRawBufferPointer, variances: UnsafeRawBufferPointer)?
    ) {
        let width = MemoryLayout<Stored>.stride
        self.count = count
        exactCount = min(shape.exact, vocabularySize)
        tailWidth = vocabularySize > shape.exact ? shape.bins + 1 : 0
        func start(_ column: UnsafeRawBufferPointer?, _ bytes: Int, _ name: String) -> UnsafeRawPointer {
            let found = column?.count ?? 0
            require(found == bytes, "\(name) has \(found) bytes, expected \(bytes)")
            // A column without bytes is never read, but needs a pointer all the same.
            return column?.baseAddress ?? UnsafeRawPointer(bitPattern: 64)!
        }
        self.labelRanks = start(labelRanks, count * 4, "label_rank")
        self.labelLogits = start(labelLogits, count * width, "label_logit")
        self.topLogits = start(topLogits, count * exactCount * width, "top_logits")
        tailCounts = start(tail?.counts, count * tailWidth * width, "tail_count")
        tailMeans = start(tail?.means, count * tailWidth * width, "tail_mean")
        tailVariances = start(tail?.variances, count * tailWidth * width, "tail_variance")
    }

    private init(_ whole: SketchColumns, _ rows: Range<Int>) {
        func move(_ column: UnsafeRawPointer, _ numbers: Int) -> UnsafeRawPointer {
            column + rows.lowerBound * numbers * MemoryLayout<Stored>.stride
        }
        count = rows.count
        (exactCount, tailWidth) = (whole.exactCount, whole.tailWidth)
        labelRanks = whole.labelRanks + 4 * rows.lowerBound
        labelLogits = move(whole.labelLogits, 1)
        topLogits = move(whole.topLogits, exactCount)
        tailCounts = move(whole.tailCounts, tailWidth)
        tailMeans = move(whole.tailMeans, tailWidth)
        tailVariances = move(whole.tailVariances, tailWidth)
    }

    /// The sketches of some of the tokens.
    public subscript(rows: Range<Int>) -> SketchColumns {
        require(rows.lowerBound >= 0 && rows.upperBound <= count, "rows \(rows) are outside of \(count) sketches")
        return SketchColumns(self, rows)
    }
}
