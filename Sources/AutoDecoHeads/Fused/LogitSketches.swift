import Foundation
import Tensor

/// The sketches of N tokens' logits, laid out for the fused pass.
///
/// Exact logits and bins are runs in lane-major order, as depths below l₀.
public struct LogitSketches<Element: Scalar>: TokenLogits {
    public let vocabularySize: Int
    public let shape: SketchShape
    public private(set) var labelRanks: [Int] = []
    public private(set) var baseProbabilities: Tensor<Element>
    public var count: Int { labelRanks.count }

    /// For each label: l − l₀, and its place in the run of exact logits, or of bins where it is below them.
    private(set) var labels: [(depth: Double, place: Int, isInTail: Bool)] = []
    /// [N, exactHeight · 16].
    let depths: Tensor<Element>
    /// [N, 3 · binHeight · 16]: counts, mean depths ≤ 0, variances.
    let bins: Tensor<Element>

    var hasTail: Bool { vocabularySize > shape.exact }
    var exactCount: Int { min(shape.exact, vocabularySize) }
    var exactHeight: Int { LaneMajor.height(for: exactCount) }
    var binHeight: Int { LaneMajor.height(for: shape.bins + 1) }

    /// Lays out sketches of one shape.
    ///
    /// - Throws: ``LogitsError`` where a sketch contradicts itself: NaN or +∞, logits that rise, no possible token, a
    ///   label whose rank is not where the counts put it.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public init(_ sketches: [LogitSketch<Element>], vocabularySize: Int, shape: SketchShape) throws {
        self.vocabularySize = vocabularySize
        self.shape = shape
        let exactCount = min(shape.exact, vocabularySize), exactHeight = LaneMajor.height(for: exactCount)
        let tail = vocabularySize > shape.exact ? shape.bins + 1 : 0, binHeight = LaneMajor.height(for: shape.bins + 1)
        let depthWidth = exactHeight * 16, binWidth = 3 * binHeight * 16, impossible = SortedRows<Element>.impossibleDepth
        for (number, sketch) in sketches.enumerated() {
            require(
                sketch.topLogits.count == exactCount && sketch.tailCount.count == tail && sketch.tailMean.count == tail
                    && sketch.tailVariance.count == tail,
                "sketch \(number) has \(sketch.topLogits.count) logits and \(sketch.tailCount.count) bins, expected \(exactCount) and \(tail)")
            labelRanks.append(sketch.labelRank)
            labels.append(try Self.locateLabel(in: sketch, number: number, exactHeight: exactHeight, binHeight: binHeight))
        }
        depths = Tensor(shape: [sketches.count, depthWidth]) { buffer in
            for (i, sketch) in sketches.enumerated() {
                let largest = sketch.topLogits[0]
                sketch.topLogits.withUnsafeBufferPointer { top in
                    LaneMajor.fill(buffer.baseAddress! + i * depthWidth, height: exactHeight, count: exactCount, padding: impossible) {
                        max(top[$0] - largest, impossible)
                    }
                }
            }
        }
        bins = Tensor(shape: [sketches.count, tail > 0 ? binWidth : 0]) { buffer in
            guard tail > 0 else { return }
            for (i, sketch) in sketches.enumerated() {
                let largest = sketch.topLogits[0]
                for (column, values) in [sketch.tailCount, sketch.tailMean, sketch.tailVariance].enumerated() {
                    LaneMajor.fill(buffer.baseAddress! + i * binWidth + column * binHeight * 16, height: binHeight, count: tail, padding: 0) {
                        // An empty bin has no depth.
                        column == 1 ? (sketch.tailCount[$0] > 0 ? min(values[$0] - largest, 0) : 0) : values[$0]
                    }
                }
            }
        }
        baseProbabilities = Tensor(shape: [sketches.count, 1])
        let ones = Tensor<Element>(shape: [sketches.count, 1], repeating: 1)
        baseProbabilities = (losses(temperature: ones, topP: ones, constants: LossConstants()).temperature * -1).exponential()
    }

    /// Sketches the rows of `logits`, [N, V].
    ///
    /// - Throws: ``LogitsError`` as ``SketchBuilder`` does.
    public init(logits: Tensor<Element>, labels: [Int], shape: SketchShape = .standard) throws {
        let V = logits.columns, builder = SketchBuilder<Element>(vocabularySize: V, shape: shape)
        let sketches = try logits.withUnsafeBufferPointer { l in
            try labels.enumerated().map { row, label in
                try builder.sketch(of: UnsafeBufferPointer(rebasing: l[row * V..<(row + 1) * V]), label: label, row: row)
            }
        }
        try self.init(sketches, vocabularySize: V, shape: shape)
    }

    private static func locateLabel(
        in sketch: LogitSketch<Element>, number: Int, exactHeight: Int, binHeight: Int
    ) throws -> (depth: Double, place: Int, isInTail: Bool) {
        let top = sketch.topLogits
        guard let largest = top.first, Double(largest) > largestImpossibleLogit, largest < .infinity else {
            throw LogitsError(row: number, "the largest logit is \(top.first.map { "\($0)" } ?? "missing"), expected a finite number")
        }
        for rank in 1..<top.count where !(top[rank] <= top[rank - 1]) {
            throw LogitsError(row: number, "logit \(rank) of the largest is \(top[rank]) after \(top[rank - 1]), expected descending order")
        }
        for values in [sketch.tailCount, sketch.tailMean, sketch.tailVariance] {
            if let value = values.first(where: { !$0.isFinite }) {
                throw LogitsError(row: number, "a bin holds \(value), expected finite numbers")
            }
        }
        let depth = Double(sketch.labelLogit) - Double(largest)
        guard Double(sketch.labelLogit) > largestImpossibleLogit, depth <= 0 else {
            throw LogitsError(row: number, "the label's logit is \(sketch.labelLogit) beside a largest of \(largest)")
        }
        if top.indices.contains(sketch.labelRank) {
            return (depth, LaneMajor.index(of: sketch.labelRank, height: exactHeight), false)
        }
        var cumulative = top.count
        for (bin, count) in sketch.tailCount.enumerated() {
            guard count >= 0, let n = Int(exactly: count) else {
                throw LogitsError(row: number, "bin \(bin) counts \(count) logits, expected a whole number")
            }
            cumulative += n
            if cumulative == sketch.labelRank + 1 { return (depth, LaneMajor.index(of: bin, height: binHeight), true) }
        }
        throw LogitsError(row: number, "the label's rank is \(sketch.labelRank), but no bin ends there")
    }
}
