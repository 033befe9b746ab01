import Foundation
import Tensor

/// The sketches of N tokens' logits, laid out for the fused pass.
///
/// Exact logits and bins are runs in lane-major order, as depths below l₀.
public struct LogitSketches<Element: Scalar>: TokenLogits {
    /// V, the number of logits that a sketch stands for.
    public let vocabularySize: Int
    /// K and B.
    public let shape: SketchShape
    /// The place of each label in descending order of logits, 0 for the arg max; N numbers.
    public internal(set) var labelRanks: [Int] = []
    /// softmax(l)_y of each token, [N, 1].
    public internal(set) var baseProbabilities: Tensor<Element>
    /// N, the number of tokens.
    public var count: Int { labelRanks.count }

    /// What is known of a label: l − l₀, and its place in the run of exact logits, or of bins where it is below them.
    struct Label {
        var depth: Double
        var place: Int
        var isInTail: Bool
    }

    var labels: [Label] = []
    /// [N, exactHeight · 16].
    var depths: Tensor<Element>
    /// [N, 3 · binHeight · 16]: counts, mean depths ≤ 0, variances.
    var bins: Tensor<Element>

    var hasTail: Bool { vocabularySize > shape.exact }
    var exactCount: Int { min(shape.exact, vocabularySize) }
    var exactHeight: Int { LaneMajor.height(for: exactCount) }
    var binHeight: Int { LaneMajor.height(for: shape.bins + 1) }

    /// No sketches yet: a buffer that ``load(_:)`` fills again and again.
    public init(vocabularySize: Int, shape: SketchShape) {
        self.vocabularySize = vocabularySize
        self.shape = shape
        depths = Tensor(shape: [0, 0])
        bins = Tensor(shape: [0, 0])
        baseProbabilities = Tensor(shape: [0, 1])
    }

    /// Lays out sketches that lie in columns.
    ///
    /// - Throws: ``LogitsError`` as ``load(_:)`` does.
    public init<Stored: Scalar>(_ pieces: [SketchColumns<Stored>], vocabularySize: Int, shape: SketchShape) throws {
        self.init(vocabularySize: vocabularySize, shape: shape)
        try load(pieces)
    }

    /// Lays out single sketches of one shape.
    ///
    /// - Throws: ``LogitsError`` as ``load(_:)`` does.
    public init(_ sketches: [LogitSketch<Element>], vocabularySize: Int, shape: SketchShape) throws {
        let buffer = SketchBuffer<Element>(capacity: sketches.count, vocabularySize: vocabularySize, shape: shape)
        let exactCount = buffer.exactCount, tail = buffer.tailWidth
        for (number, sketch) in sketches.enumerated() {
            require(
                sketch.topLogits.count == exactCount && sketch.tailCount.count == tail && sketch.tailMean.count == tail
                    && sketch.tailVariance.count == tail,
                "sketch \(number) has \(sketch.topLogits.count) logits and \(sketch.tailCount.count) bins, "
                    + "expected \(exactCount) and \(tail)"
            )
            let target = buffer.target(number)
            target.labelRank.pointee = Int32(sketch.labelRank)
            target.labelLogit.pointee = sketch.labelLogit
            target.topLogits.update(from: sketch.topLogits, count: exactCount)
            target.tailCount.update(from: sketch.tailCount, count: tail)
            target.tailMean.update(from: sketch.tailMean, count: tail)
            target.tailVariance.update(from: sketch.tailVariance, count: tail)
        }
        try self.init([buffer.columns(count: sketches.count)], vocabularySize: vocabularySize, shape: shape)
        withExtendedLifetime(buffer) {}
    }

    /// Sketches the rows of `logits`, [N, V].
    ///
    /// - Throws: ``LogitsError`` as ``SketchBuilder`` does.
    public init(logits: Tensor<Element>, labels: [Int], shape: SketchShape = .standard) throws {
        let buffer = SketchBuffer<Element>(capacity: logits.rows, vocabularySize: logits.columns, shape: shape)
        try buffer.fill(from: 0, logits: logits, labels: labels)
        try self.init([buffer.columns(count: logits.rows)], vocabularySize: logits.columns, shape: shape)
        withExtendedLifetime(buffer) {}
    }
}
