import Foundation
import Tensor

/// Builds the sketch of a row of V logits in linear time, without sorting the row.
///
/// One sweep leaves the maximum of each block of 64 logits. The K+1-th largest of these is a threshold that at least
/// K + 1 logits reach, and in practice few more; they alone are sorted. A second sweep puts all others into bins.
///
/// A class because it owns work memory; one builder serves one thread.
public final class SketchBuilder<Element: Scalar> {
    public let vocabularySize: Int
    public let shape: SketchShape
    /// Count, sum and sum of squares of depths, of each bin; twice, so that neighbours in the row rarely wait for each
    /// other. One more bin takes what is in none.
    private let bins: UnsafeMutablePointer<SIMD4<Double>>
    private let indices: UnsafeMutablePointer<Element>
    private let chunk: UnsafeMutablePointer<Element>
    /// Of each block of 64 logits the maximum, at the front; behind it room for the sweep.
    private var maxima: [Element] = []
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

    public init(vocabularySize: Int, shape: SketchShape = .standard) {
        self.vocabularySize = vocabularySize
        self.shape = shape
        bins = .allocate(capacity: 2 * (shape.bins + 2))
        indices = .allocate(capacity: Self.chunkSize)
        chunk = .allocate(capacity: Self.blockSize)
    }

    deinit {
        bins.deallocate()
        indices.deallocate()
        chunk.deallocate()
    }

    /// The sketch of one row.
    ///
    /// - Parameters:
    ///   - row: V logits.
    ///   - label: token id.
    ///   - number: the row's number, for the error.
    /// - Throws: ``LogitsError`` for NaN, +∞, a row without a possible token, and a label that is impossible or not in
    ///   the vocabulary.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func sketch(of row: UnsafeBufferPointer<Element>, label: Int, row number: Int) throws -> LogitSketch<Element> {
        require(row.count == vocabularySize, "a row of \(row.count) logits for a vocabulary of \(vocabularySize)")
        let K = shape.exact, B = shape.bins, V = vocabularySize
        guard let l = row.baseAddress, row.indices.contains(label), let smallest = sweep(l) else {
            throw LogitsError.find(in: row, label: label, number: number)
                ?? LogitsError(row: number, "label \(label) is outside the vocabulary of \(V) tokens")
        }
        let labelLogit = row[label]
        guard Double(labelLogit) > largestImpossibleLogit else {
            throw LogitsError.find(in: row, label: label, number: number)
                ?? LogitsError(row: number, "label \(label) is an impossible token")
        }

        collectCandidates(l, atLeast: min(K + 1, V))
        let kept = min(K, V)
        var sketch = LogitSketch<Element>(
            label: label, labelRank: 0, labelLogit: labelLogit,
            topLogits: candidates[0..<kept].map { Double($0.logit) <= largestImpossibleLogit ? -.infinity : $0.logit },
            tailCount: [], tailMean: [], tailVariance: [])

        let lastKept = candidates[kept - 1]
        let labelEntry = Candidate(logit: labelLogit, token: Int32(label))
        let labelIsInTail = Candidate.precedes(lastKept, labelEntry)
        if labelIsInTail {
            sketch.labelRank = rank(of: labelEntry, l)
        } else {
            sketch.labelRank = candidates[0..<kept].firstIndex { $0.token == Int32(label) } ?? 0
        }
        guard V > K else { return sketch }

        sketch.tailCount = Array(repeating: 0, count: B + 1)
        sketch.tailMean = sketch.tailCount
        sketch.tailVariance = sketch.tailCount
        let first = candidates[K]
        guard Double(first.logit) > largestImpossibleLogit else { return sketch }

        // Everything beyond 64 below l₀ counts as 64 below.
        let floor = candidates[0].logit - Element(SketchShape.deepest)
        let top = max(first.logit, floor), D = Double(top) - Double(max(smallest, floor))
        let binning = Binning(
            top: top, floor: floor, depthFactor: D > 0 ? Element((Foundation.pow(shape.ratio, Double(B)) - 1) / D) : 0,
            indexFactor: Element(1 / Foundation.log(shape.ratio)), lastBin: Element(B - 1), outside: Element(B + 1))
        fillBins(l, binning, lastKept: lastKept, label: labelIsInTail ? labelEntry : nil)

        for j in 0...B {
            let sums = bins[2 * j] + bins[2 * j + 1], n = sums[0]
            guard n > 0 else { continue }
            let mean = sums[1] / n
            sketch.tailCount[j] = Element(n)
            sketch.tailMean[j] = Element(Double(top) - mean)
            sketch.tailVariance[j] = Element(max(0, sums[2] / n - mean * mean))
        }
        return sketch
    }

    /// Maximum of each block; the smallest possible logit, or nil where the row holds a NaN, +∞ or no possible token.
    @inline(__always)
    private func sweep(_ l: UnsafePointer<Element>) -> Element? {
        let whole = vocabularySize / Self.blockSize, rest = vocabularySize % Self.blockSize
        let blocks = whole + (rest > 0 ? 1 : 0)
        if maxima.count != 16 * blocks { maxima = Array(repeating: 0, count: 16 * blocks) }
        var lanes = [Element](repeating: .infinity, count: 16) + [Element](repeating: 0, count: 16)
        maxima.withUnsafeMutableBufferPointer { maxima in
            lanes.withUnsafeMutableBufferPointer { lanes in
                blockMaxima(l, blocks: whole, maxima.baseAddress!, lanes.baseAddress!)
                if rest > 0 {
                    padChunk(from: l + whole * Self.blockSize, count: rest, upTo: Self.blockSize)
                    blockMaxima(chunk, blocks: 1, maxima.baseAddress! + 16 * whole, lanes.baseAddress!)
                }
                reduceToMaxima(maxima.baseAddress!, count: blocks)
            }
        }
        guard lanes[16..<32].allSatisfy({ $0 == 0 }), let smallest = lanes[0..<16].min(), smallest < .infinity else { return nil }
        return smallest
    }

    /// All tokens from a threshold up that at least `count` reach; the first `count` of them sorted.
    @inline(__always)
    private func collectCandidates(_ l: UnsafePointer<Element>, atLeast count: Int) {
        candidates.removeAll(keepingCapacity: true)
        var threshold = -Element.infinity
        let maxima = maxima[0..<maxima.count / 16]
        if count <= maxima.count {
            var order = Array(maxima)
            threshold = select(&order, count - 1, by: >)
        }
        for (block, maximum) in maxima.enumerated() where maximum >= threshold {
            for token in block * Self.blockSize..<min((block + 1) * Self.blockSize, vocabularySize) where l[token] >= threshold {
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
        return countAbove(l, token, entry.logit.nextDown) + countAbove(l + token + 1, vocabularySize - token - 1, entry.logit)
    }

    /// Copies a run that is shorter than kernels take, and fills it up with −∞, which counts as nothing.
    private func padChunk(from l: UnsafePointer<Element>, count: Int, upTo size: Int) {
        chunk.update(from: l, count: count)
        (chunk + count).update(repeating: -.infinity, count: size - count)
    }

    /// Puts all possible tokens that are not among the K largest into bins.
    @inline(__always)
    private func fillBins(_ l: UnsafePointer<Element>, _ binning: Binning<Element>, lastKept: Candidate, label: Candidate?) {
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

/// Where the label's bin is cut: the label's logit and its bin.
private struct BinCut<Element: Scalar> {
    var logit: Element
    var bin: Element
}

/// From a logit to its bin: with z = 1 + d·(q^B − 1)/D for depth d, the bin is ⌊log z / log q⌋.
struct Binning<Element: Scalar> {
    /// The K+1-th logit, from which depth is measured.
    var top: Element
    var floor: Element
    /// (q^B − 1)/D.
    var depthFactor: Element
    /// 1/log q.
    var indexFactor: Element
    /// B − 1.
    var lastBin: Element
    /// The number given to what is in no bin.
    var outside: Element
    /// 1.5 · 2^(digits − 1): adding and subtracting it rounds to an integer.
    let rounding = Element(sign: .plus, exponent: Element.Exponent(Element.significandBitCount), significand: 1.5)

    /// ⌊x⌋ for 0 ≤ x < 2²²: rounding to nearest, of x − ½.
    @inline(__always)
    func bins(_ l: SIMD16<Element>) -> SIMD16<Element> {
        let depth = SIMD16(repeating: top) - Element.maximum(l, SIMD16(repeating: floor))
        let z = SIMD16(repeating: 1).addingProduct(depth, SIMD16(repeating: depthFactor))
        let position = Element.logarithm(z) * SIMD16(repeating: indexFactor) - SIMD16(repeating: 0.499_999)
        let rounding = SIMD16<Element>(repeating: rounding), bin = (position + rounding) - rounding
        return Element.maximum(Element.minimum(bin, SIMD16(repeating: lastBin)), SIMD16(repeating: 0))
    }

    func bin(of logit: Element) -> Element { bins(SIMD16(repeating: logit))[0] }
}

/// Index of the bin of each logit of whole vectors, as a number of the logits' type; `outside` for logits from `kept`
/// up and impossible ones. What comes after the cut goes one bin further, and at least behind the label's bin.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func binIndices<Element: Scalar>(
    _ l: UnsafePointer<Element>, vectors: Int, _ binning: Binning<Element>, keptFrom kept: Element, cutAt cut: Element,
    cutBin: Element, _ indices: UnsafeMutablePointer<Element>
) {
    let impossible = SIMD16(repeating: Element(largestImpossibleLogit)), outside = SIMD16(repeating: binning.outside)
    let kept = SIMD16(repeating: kept), cut = SIMD16(repeating: cut), cutBin = SIMD16(repeating: cutBin)
    for i in 0..<vectors {
        let x = loadVector(l + 16 * i), bin = binning.bins(x)
        let cutBins = Element.choose(Element.maximum(bin, cutBin) + 1, Element.minimum(bin, cutBin), ifLess: x, than: cut)
        let possible = Element.choose(cutBins, outside, ifLess: impossible, than: x)
        storeVector(Element.choose(possible, outside, ifLess: x, than: kept), indices + 16 * i)
    }
}

/// Adds each logit's depth to its bin, neighbours to different copies.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func scatter<Element: Scalar>(
    _ l: UnsafePointer<Element>, _ count: Int, top: Element, floor: Element, _ indices: UnsafePointer<Element>,
    _ bins: UnsafeMutablePointer<SIMD4<Double>>
) {
    let top = Double(top), deepest = top - Double(floor)
    var i = 0
    while i < count &- 1 {
        let d0 = min(top - Double(l[i]), deepest), d1 = min(top - Double(l[i + 1]), deepest)
        bins[2 * Element.wholeNumber(indices[i])] += SIMD4(1, d0, d0 * d0, 0)
        bins[2 * Element.wholeNumber(indices[i &+ 1]) + 1] += SIMD4(1, d1, d1 * d1, 0)
        i &+= 2
    }
    if i < count {
        let d = min(top - Double(l[i]), deepest)
        bins[2 * Element.wholeNumber(indices[i])] += SIMD4(1, d, d * d, 0)
    }
}

/// Maxima of whole blocks of 64 logits, as vectors of sixteen lanes. `lanes` gets the smallest possible logit of each lane, then the number of logits
/// of each lane that are NaN or +∞, added to what it holds.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func blockMaxima<Element: Scalar>(
    _ l: UnsafePointer<Element>, blocks: Int, _ maxima: UnsafeMutablePointer<Element>, _ lanes: UnsafeMutablePointer<Element>
) {
    let one = SIMD16<Element>(repeating: 1), zero = SIMD16<Element>(repeating: 0)
    let infinity = SIMD16<Element>(repeating: .infinity), impossible = SIMD16(repeating: Element(largestImpossibleLogit))
    var smallest = loadVector(UnsafePointer(lanes)), bad = loadVector(UnsafePointer(lanes + 16))
    for block in 0..<blocks {
        var maximum = -infinity
        for i in 0..<4 {
            let x = loadVector(l + 64 * block + 16 * i)
            maximum = Element.maximum(maximum, x)
            // Neither a NaN nor an infinity is less than infinity.
            bad += Element.choose(zero, one, ifLess: x, than: infinity)
            smallest = Element.minimum(smallest, Element.choose(x, infinity, ifLess: impossible, than: x))
        }
        storeVector(maximum, maxima + 16 * block)
    }
    storeVector(smallest, lanes)
    storeVector(bad, lanes + 16)
}

/// The largest lane of each of `count` vectors, in place at the front.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func reduceToMaxima<Element: Scalar>(_ vectors: UnsafeMutablePointer<Element>, count: Int) {
    for i in 0..<count {
        var largest = vectors[16 * i]
        for lane in 1..<16 { largest = max(largest, vectors[16 * i + lane]) }
        vectors[i] = largest
    }
}

/// Number of logits above a bound.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func countAbove<Element: Scalar>(_ l: UnsafePointer<Element>, _ count: Int, _ bound: Element) -> Int {
    var total = 0
    for i in 0..<count where l[i] > bound { total += 1 }
    return total
}

/// Moves the k-th element of the order to its place, those before it before, and returns it (Hoare's selection,
/// linear on average).
func select<T>(_ values: inout [T], _ k: Int, by precedes: (T, T) -> Bool) -> T {
    var low = 0, high = values.count - 1
    while low < high {
        // The median of three as pivot keeps sorted input linear.
        let middle = (low + high) / 2
        if precedes(values[middle], values[low]) { values.swapAt(middle, low) }
        if precedes(values[high], values[low]) { values.swapAt(high, low) }
        if precedes(values[high], values[middle]) { values.swapAt(high, middle) }
        let pivot = values[middle]
        var i = low, j = high
        while i <= j {
            while precedes(values[i], pivot) { i += 1 }
            while precedes(pivot, values[j]) { j -= 1 }
            if i <= j {
                values.swapAt(i, j)
                i += 1
                j -= 1
            }
        }
        if k <= j { high = j } else if k >= i { low = i } else { break }
    }
    return values[k]
}
