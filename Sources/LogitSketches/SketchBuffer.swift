import Foundation
import Tensor

/// Room for the sketches of many tokens, in columns as a hidden-state cache stores them, and filled in parallel.
///
/// A class because it owns its memory. `@unchecked Sendable`: its threads write different tokens, and nobody reads
/// meanwhile.
public final class SketchBuffer<Element: Scalar>: @unchecked Sendable {
    /// V, the number of logits that a sketch stands for.
    public let vocabularySize: Int
    /// K and B.
    public let shape: SketchShape
    /// How many tokens there is room for.
    public let capacity: Int
    let exactCount: Int
    let tailWidth: Int
    let labelRanks: UnsafeMutablePointer<Int32>
    /// Label logits, largest logits, and the three columns of the tail behind each other.
    private let numbers: UnsafeMutablePointer<Element>

    /// Room for `capacity` sketches, with undefined content.
    public init(capacity: Int, vocabularySize: Int, shape: SketchShape) {
        (self.capacity, self.vocabularySize, self.shape) = (capacity, vocabularySize, shape)
        exactCount = min(shape.exact, vocabularySize)
        tailWidth = vocabularySize > shape.exact ? shape.bins + 1 : 0
        labelRanks = .allocate(capacity: max(capacity, 1))
        numbers = .allocate(capacity: max(capacity, 1) * (1 + exactCount + 3 * tailWidth))
    }

    deinit {
        labelRanks.deallocate()
        numbers.deallocate()
    }

    var labelLogits: UnsafeMutablePointer<Element> { numbers }
    var topLogits: UnsafeMutablePointer<Element> { numbers + capacity }
    /// Counts, means or variances: column 0, 1 or 2.
    func tail(_ column: Int) -> UnsafeMutablePointer<Element> {
        numbers + capacity * (1 + exactCount + column * tailWidth)
    }

    /// Where one token's sketch goes.
    @inline(__always)
    func target(_ token: Int) -> SketchTarget<Element> {
        SketchTarget(
            labelRank: labelRanks + token, labelLogit: labelLogits + token, topLogits: topLogits + token * exactCount,
            tailCount: tail(0) + token * tailWidth, tailMean: tail(1) + token * tailWidth,
            tailVariance: tail(2) + token * tailWidth)
    }

    /// Sketches rows of logits into the places from `start` on, in parallel over rows.
    ///
    /// - Parameters:
    ///   - logits: [n, V].
    ///   - labels: n token ids.
    /// - Throws: ``LogitsError`` as ``SketchBuilder`` does, for the first unsound row.
    public func fill(from start: Int, logits: Tensor<Element>, labels: some RandomAccessCollection<Int>) throws {
        let rows = logits.rows, V = vocabularySize, labels = Array(labels)
        require(
            logits.columns == V && labels.count == rows,
            "\(labels.count) labels and logits \(logits.shape) for a vocabulary of \(V)")
        require(start >= 0 && start + rows <= capacity, "rows \(start) to \(start + rows) in a buffer of \(capacity)")
        // About a million logits a block make up for its builder.
        let blockSize = max(1, min(256, (1 << 20) / max(V, 1)))
        let errors = withPointers(to: logits) { l in
            nonisolated(unsafe) let l = l
            return Parallel.mapBlocks(of: rows, blockSize: blockSize) { block -> LogitsError? in
                let builder = SketchBuilder<Element>(vocabularySize: V, shape: self.shape)
                for row in block {
                    let error = builder.sketch(
                        of: UnsafeBufferPointer(start: l + row * V, count: V), label: labels[row], row: row,
                        into: self.target(start + row))
                    if let error { return error }
                }
                return nil
            }
        }
        if let error = errors.lazy.compactMap({ $0 }).first { throw error }
    }

    /// The columns of the first `count` sketches by the names under which a cache stores them; valid while this
    /// object lives and nobody writes.
    public func bytes(count: Int) -> [String: UnsafeRawBufferPointer] {
        func bytes(_ start: UnsafeMutablePointer<Element>, _ width: Int) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(UnsafeBufferPointer(start: start, count: count * width))
        }
        require(count <= capacity, "\(count) sketches of a buffer of \(capacity)")
        var columns = [
            "label_rank": UnsafeRawBufferPointer(UnsafeBufferPointer(start: labelRanks, count: count)),
            "label_logit": bytes(labelLogits, 1), "top_logits": bytes(topLogits, exactCount),
        ]
        if tailWidth > 0 {
            columns["tail_count"] = bytes(tail(0), tailWidth)
            columns["tail_mean"] = bytes(tail(1), tailWidth)
            columns["tail_variance"] = bytes(tail(2), tailWidth)
        }
        return columns
    }

    /// The first `count` sketches; valid while this object lives and nobody writes.
    public func columns(count: Int) -> SketchColumns<Element> {
        func bytes(_ start: UnsafeMutablePointer<Element>, _ width: Int) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(UnsafeBufferPointer(start: start, count: count * width))
        }
        require(count <= capacity, "\(count) sketches of a buffer of \(capacity)")
        return SketchColumns(
            count: count, vocabularySize: vocabularySize, shape: shape,
            labelRanks: UnsafeRawBufferPointer(UnsafeBufferPointer(start: labelRanks, count: count)),
            labelLogits: bytes(labelLogits, 1), topLogits: bytes(topLogits, exactCount),
            tail: tailWidth == 0
                ? nil : (bytes(tail(0), tailWidth), bytes(tail(1), tailWidth), bytes(tail(2), tailWidth)))
    }
}

/// Where the sketch of one token goes: places in columns.
struct SketchTarget<Element: Scalar> {
    let labelRank: UnsafeMutablePointer<Int32>
    let labelLogit: UnsafeMutablePointer<Element>
    /// min(K, V) numbers.
    let topLogits: UnsafeMutablePointer<Element>
    /// Each B + 1 numbers, none where V ≤ K.
    let tailCount: UnsafeMutablePointer<Element>
    let tailMean: UnsafeMutablePointer<Element>
    let tailVariance: UnsafeMutablePointer<Element>
}
