import Foundation
import Tensor

/// Builds the sketch of a row of V logits in linear time, without sorting the row.
///
/// One sweep leaves the maximum of each block of 64 logits. The K+1-th largest of these is a threshold that at least
/// K + 1 logits reach, and in practice few more; they alone are sorted. A second sweep puts all others into bins.
///
/// A class because it owns work memory; one builder serves one thread.
public final class SketchBuilder<Element: Scalar> {
    /// V, the number of logits of a row.
    public let vocabularySize: Int
    /// K and B.
    public let shape: SketchShape
    /// Count, sum and sum of squares of depths, of each bin; twice, so that neighbours in the row rarely wait for each
    /// other. One more bin takes what is in none.
    private let bins: UnsafeMutablePointer<SIMD4<Double>>
    private let indices: UnsafeMutablePointer<Element>
    private let chunk: UnsafeMutablePointer<Element>
    /// The maximum of each block of 64 logits, at the front; behind them room for the sweep.
    private let maxima: UnsafeMutablePointer<Element>
    /// Number of blocks, the last of which may not be full.
    private let blocks: Int
    private var candidates: [Candidate] = []
    private static var blockSize: Int { 64 }
    private static var chunkSize: Int { 512 }

    struct Candidate {
        var logit: Element
        var token: Int32
        /// Descending logits, ascending ids.
        static func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
            a.logit > b.logit || (a.logit == b.logit && a.token < b.token)
        }
    }

    /// q^B and 1/log q.
    private let widening: Double
    private let indexFactor: Element

    /// A builder for rows of V logits.
    public init(vocabularySize: Int, shape: SketchShape = .standard) {
        widening = Foundation.pow(shape.ratio, Double(shape.bins))
        indexFactor = Element(1 / Foundation.log(shape.ratio))
        self.vocabularySize = vocabularySize
        self.shape = shape
        bins = .allocate(capacity: 2 * (shape.bins + 2))
        indices = vectorMemory(Self.chunkSize)
        chunk = vectorMemory(Self.blockSize)
        blocks = (vocabularySize + Self.blockSize - 1) / Self.blockSize
        maxima = vectorMemory(max(1, 16 * blocks))
    }

    deinit {
        bins.deallocate()
        indices.deallocate()
        chunk.deallocate()
        maxima.deallocate()
    }

    /// The sketch of one row.
    ///
    /// - Parameters:
    ///   - row: V logits.
    ///   - label: token id.
    ///   - number: the row's number, for the error.
    /// - Throws: ``LogitsError`` for NaN, +∞, a row without a possible token, and a label that is impossible or not in
    ///   the vocabulary.
    public func sketch(of row: UnsafeBufferPointer<Element>, label: Int, row number: Int) throws -> LogitSketch<Element>
    {
        let buffer = SketchBuffer<Element>(capacity: 1, vocabularySize: vocabularySize, shape: shape)
        if let error = sketch(of: row, label: label, row: number, into: buffer.target(0)) { throw error }
        func column(_ start: UnsafeMutablePointer<Element>, _ count: Int) -> [Element] {
            Array(UnsafeBufferPointer(start: start, count: count))
        }
        return LogitSketch(
            label: label, labelRank: Int(buffer.labelRanks[0]), labelLogit: buffer.labelLogits[0],
            topLogits: column(buffer.topLogits, buffer.exactCount), tailCount: column(buffer.tail(0), buffer.tailWidth),
            tailMean: column(buffer.tail(1), buffer.tailWidth), tailVariance: column(buffer.tail(2), buffer.tailWidth))
    }

    /// Writes the sketch of one row to its place; the error where the row is unsound, and the place then holds
    /// nothing of use.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    func sketch(
        of row: UnsafeBufferPointer<Element>, label: Int, row number: Int, into target: SketchTarget<Element>
    ) -> LogitsError? {
        require(row.count == vocabularySize, "a row of \(row.count) logits for a vocabulary of \(vocabularySize)")
        let K = shape.exact, B = shape.bins, V = vocabularySize
        guard let l = row.baseAddress, row.indices.contains(label), let smallest = sweep(l) else {
            return LogitsError.find(in: row, label: label, number: number)
                ?? LogitsError(row: number, "label \(label) is outside the vocabulary of \(V) tokens")
        }
        let labelLogit = row[label]
        guard Double(labelLogit) > largestImpossibleLogit else {
            return LogitsError.find(in: row, label: label, number: number)
                ?? LogitsError(row: number, "label \(label) is an impossible token")
        }

        collectCandidates(l, atLeast: min(K + 1, V))
        let kept = min(K, V)
        for rank in 0..<kept {
            let logit = candidates[rank].logit
            target.topLogits[rank] = Double(logit) <= largestImpossibleLogit ? -.infinity : logit
        }
        let lastKept = candidates[kept - 1]
        let labelEntry = Candidate(logit: labelLogit, token: Int32(label))
        let labelIsInTail = Candidate.precedes(lastKept, labelEntry)
        let labelRank =
            labelIsInTail ? rank(of: labelEntry, l) : candidates[0..<kept].firstIndex { $0.token == Int32(label) } ?? 0
        target.labelRank.pointee = Int32(labelRank)
        target.labelLogit.pointee = labelLogit
        guard V > K else { return nil }

        for column in [target.tailCount, target.tailMean, target.tailVariance] {
            column.update(repeating: 0, count: B + 1)
        }
        let first = candidates[K]
        guard Double(first.logit) > largestImpossibleLogit else { return nil }

        // Everything beyond 64 below l₀ counts as 64 below.
        let floor = candidates[0].logit - Element(SketchShape.deepest)
        let top = max(first.logit, floor), D = Double(top) - Double(max(smallest, floor))
        let binning = Binning(
            top: top, floor: floor, depthFactor: D > 0 ? Element((widening - 1) / D) : 0,
            indexFactor: indexFactor, lastBin: Element(B - 1), outside: Element(B + 1))
        fillBins(l, binning, lastKept: lastKept, label: labelIsInTail ? labelEntry : nil)

        for j in 0...B {
            let sums = bins[2 * j] + bins[2 * j + 1], n = sums[0]
            guard n > 0 else { continue }
            let mean = sums[1] / n
            target.tailCount[j] = Element(n)
            target.tailMean[j] = Element(Double(top) - mean)
            target.tailVariance[j] = Element(max(0, sums[2] / n - mean * mean))
        }
        return nil
    }

    /// Maximum of each block; the smallest possible logit, or nil where the row holds a NaN, +∞ or no possible token.
    @inline(__always)
    private func sweep(_ l: UnsafePointer<Element>) -> Element? {
        let whole = vocabularySize / Self.blockSize, rest = vocabularySize % Self.blockSize
        // The smallest logit of each lane, then the number of unsound ones.
        var lanes = [Element](repeating: .infinity, count: 16) + [Element](repeating: 0, count: 16)
        blockMaxima(l, blocks: whole, maxima, &lanes)
        if rest > 0 {
            padChunk(from: l + whole * Self.blockSize, count: rest, upTo: Self.blockSize)
            blockMaxima(chunk, blocks: 1, maxima + 16 * whole, &lanes)
        }
        reduceToMaxima(maxima, count: blocks)
        guard lanes[16..<32].allSatisfy({ $0 == 0 }), let smallest = lanes[0..<16].min(), smallest < .infinity else {
            return nil
        }
        return smallest
    }

    /// All tokens from a threshold up that at least `count` reach; the first `count` of them sorted.
    @inline(__always)
    private func collectCandidates(_ l: UnsafePointer<Element>, atLeast count: Int) {
        candidates.removeAll(keepingCapacity: true)
        var threshold = -Element.infinity
        let maxima = UnsafeBufferPointer(start: maxima, count: blocks)
        if count <= maxima.count {
            var order = Array(maxima)
            threshold = select(&order, count - 1, by: >)
        }
        for (block, maximum) in maxima.enumerated() where maximum >= threshold {
            for token in block * Self.blockSize..<min((block + 1) * Self.blockSize, vocabularySize)
            where l[token] >= threshold {
                candidates.append(Candidate(logit: l[token], token: Int32(token)))
            }
        }
        // With many equal logits there may be many more than wanted; those stay unsorted behind.
        if candidates.count > 2 * count { _ = select(&candidates, count - 1, by: Candidate.precedes) }
        candidates[0..<(candidates.count > 2 * count ? count : candidates.count)].sort(by: Candidate.precedes)
    }

    /// Number of tokens that precede one.
    @inline(__always)
    private func rank(of entry: Candidate, _ l: UnsafePointer<Element>) -> Int {
        let token = Int(entry.token)
        // Before the token an equal logit precedes it, after it only a larger one does.
        return countAbove(l, token, entry.logit.nextDown)
            + countAbove(l + token + 1, vocabularySize - token - 1, entry.logit)
    }

    /// Copies a run that is shorter than kernels take, and fills it up with −∞, which counts as nothing.
    private func padChunk(from l: UnsafePointer<Element>, count: Int, upTo size: Int) {
        chunk.update(from: l, count: count)
        (chunk + count).update(repeating: -.infinity, count: size - count)
    }

    /// Puts all possible tokens that are not among the K largest into bins.
    @inline(__always)
    private func fillBins(
        _ l: UnsafePointer<Element>, _ binning: Binning<Element>, lastKept: Candidate, label: Candidate?
    ) {
        let B = shape.bins
        bins.update(repeating: .zero, count: 2 * (B + 2))
        // Without a label in the tail nothing is cut: all is before it.
        var cut = BinCut<Element>(logit: -.infinity, bin: Element(B - 1))
        if let label { cut = BinCut(logit: label.logit, bin: binning.bin(of: label.logit)) }
        let split = label.map { Int($0.token) + 1 } ?? vocabularySize
        // Up to the label's own id an equal logit precedes it or is it; after it, an equal logit comes later.
        for (range, after) in [(0..<split, cut.logit), (split..<vocabularySize, cut.logit.nextUp)] {
            for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.chunkSize) {
                let count = min(Self.chunkSize, range.upperBound - start), whole = count / 16, rest = count % 16
                func index(_ l: UnsafePointer<Element>, _ vectors: Int, _ indices: UnsafeMutablePointer<Element>) {
                    binIndices(
                        l, vectors: vectors, binning, keptFrom: lastKept.logit, cutAt: after, cutBin: cut.bin, indices)
                }
                index(l + start, whole, indices)
                if rest > 0 {
                    padChunk(from: l + start + 16 * whole, count: rest, upTo: 16)
                    index(chunk, 1, indices + 16 * whole)
                }
                scatter(l + start, count, top: binning.top, floor: binning.floor, indices, bins)
            }
        }
        // The sweep took all logits equal to the K-th for kept; those that are not are candidates beyond the K-th.
        for candidate in candidates[shape.exact...] where candidate.logit == lastKept.logit {
            var bin = 0
            if let label, Candidate.precedes(label, candidate) { bin = 1 }
            bins[2 * bin] += SIMD4(1, Double(binning.top) - Double(max(candidate.logit, binning.floor)), 0, 0)
        }
    }
}
