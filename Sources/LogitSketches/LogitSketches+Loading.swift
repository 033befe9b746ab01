import Tensor

// From columns, as a cache stores them, to runs in lane-major order.

extension LogitSketches {
    /// Replaces all sketches by those of `pieces`, one piece after the other, in parallel over pieces. Memory is
    /// reused.
    ///
    /// - Throws: ``LogitsError`` with the token's number over all pieces where a sketch contradicts itself: NaN or +∞,
    ///   logits that rise, no possible token, a negative count or variance, a label whose rank is not where logits or
    ///   counts put it. What is held then is of no use.
    @_specialize(where Element == Float, Stored == Float) @_specialize(where Element == Double, Stored == Float)
    @_specialize(where Element == Double, Stored == Double)
    public mutating func load<Stored: Scalar>(_ pieces: [SketchColumns<Stored>]) throws {
        let width = hasTail ? shape.bins + 1 : 0
        var starts: [Int] = [], count = 0
        for piece in pieces {
            require(
                piece.exactCount == exactCount && piece.tailWidth == width,
                "sketches of \(piece.exactCount) logits and \(piece.tailWidth) bins, expected \(exactCount) and "
                    + "\(width)"
            )
            starts.append(count)
            count += piece.count
        }
        depths.resize(to: [count, exactHeight * 16])
        bins.resize(to: [count, hasTail ? 3 * binHeight * 16 : 0])
        baseProbabilities.resize(to: [count, 1])
        labelRanks.resize(to: count, filler: 0)
        labels.resize(to: count, filler: Label(depth: 0, place: 0, isInTail: false))
        let layout = SketchLayout<Element>(
            vocabularySize: vocabularySize, exactCount: exactCount, exactHeight: exactHeight, tailWidth: width,
            binHeight: binHeight)
        // The arrays are pointers for the time of the call.
        let error = layout.fill(
            pieces, starts, depths: depths.mutablePointer(), bins: bins.mutablePointer(), labels: &labels,
            labelRanks: &labelRanks)
        if let error { throw error }
        fillBaseProbabilities(baseProbabilities.mutablePointer())
    }
}

extension Array {
    /// Makes the array `count` long, in the memory it has where that is enough.
    fileprivate mutating func resize(to count: Int, filler: Element) {
        if self.count > count {
            removeLast(self.count - count)
        } else {
            reserveCapacity(count)
            while self.count < count { append(filler) }
        }
    }
}

/// Lays out tokens of one shape.
private struct SketchLayout<Element: Scalar> {
    let vocabularySize: Int
    let exactCount: Int
    let exactHeight: Int
    let tailWidth: Int
    let binHeight: Int

    func fill<Stored: Scalar>(
        _ pieces: [SketchColumns<Stored>], _ starts: [Int], depths: UnsafeMutablePointer<Element>,
        bins: UnsafeMutablePointer<Element>, labels: UnsafeMutablePointer<LogitSketches<Element>.Label>,
        labelRanks: UnsafeMutablePointer<Int>
    ) -> LogitsError? {
        // Pieces are laid out in places of their own.
        nonisolated(unsafe) let depths = depths, bins = bins, labels = labels, labelRanks = labelRanks
        let errors = Parallel.mapBlocks(of: pieces.count, blockSize: 1) { block -> LogitsError? in
            let piece = pieces[block.lowerBound], start = starts[block.lowerBound]
            for token in 0..<piece.count {
                let place = start + token
                switch layOut(
                    piece, token, depths: depths + place * exactHeight * 16, bins: bins + place * 3 * binHeight * 16)
                {
                case .success(let label):
                    labels[place] = label
                    labelRanks[place] = Int(piece.labelRank(token))
                case .failure(let problem):
                    return LogitsError(row: place, problem.text)
                }
            }
            return nil
        }
        return errors.lazy.compactMap { $0 }.first
    }

    struct Problem: Error { let text: String }

    @inline(__always)
    private func layOut<Stored: Scalar>(
        _ piece: SketchColumns<Stored>, _ token: Int, depths: UnsafeMutablePointer<Element>,
        bins: UnsafeMutablePointer<Element>
    ) -> Result<LogitSketches<Element>.Label, Problem> {
        let width = MemoryLayout<Stored>.stride, top = piece.topLogits + token * exactCount * width
        let largest: Stored = stored(top, 0)
        guard exactCount > 0, Double(largest) > largestImpossibleLogit, largest < .infinity else {
            return .failure(Problem(text: "the largest logit is \(largest), expected a finite number"))
        }
        if rises(top, exactCount, as: Stored.self) { return .failure(Problem(text: firstRise(top, as: Stored.self))) }
        fillDepths(top, count: exactCount, height: exactHeight, below: largest, depths)

        let tail = token * tailWidth * width
        if tailWidth > 0 {
            let smallest: Stored = stored(top, exactCount - 1)
            let limits = TailLimits(
                largest: largest, smallest: smallest, mostTokens: vocabularySize - exactCount)
            if isUnsound(
                piece.tailCounts + tail, piece.tailMeans + tail, piece.tailVariances + tail, tailWidth, limits)
            {
                return .failure(Problem(text: limits.words))
            }
            fillBins(
                counts: piece.tailCounts + tail, means: piece.tailMeans + tail, variances: piece.tailVariances + tail,
                count: tailWidth, height: binHeight, below: largest, bins)
        }

        let rank = Int(piece.labelRank(token)), logit: Stored = stored(piece.labelLogits, token)
        guard (0..<vocabularySize).contains(rank) else {
            return .failure(Problem(text: "the label's rank is \(rank), expected one from 0 to \(vocabularySize - 1)"))
        }
        let depth = Double(logit) - Double(largest)
        guard Double(logit) > largestImpossibleLogit, depth <= 0 else {
            return .failure(Problem(text: "the label's logit is \(logit) beside a largest of \(largest)"))
        }
        if (0..<exactCount).contains(rank) {
            let there: Stored = stored(top, rank)
            guard there == logit else {
                return .failure(
                    Problem(text: "the label's logit is \(logit), but that of its rank \(rank) is \(there)"))
            }
            return .success(.init(depth: depth, place: LaneMajor.index(of: rank, height: exactHeight), isInTail: false))
        }
        var cumulative = exactCount
        for bin in 0..<tailWidth {
            let count: Stored = stored(piece.tailCounts + tail, bin)
            guard let n = Int(exactly: count) else {
                return .failure(Problem(text: "bin \(bin) counts \(count) logits, expected a whole number"))
            }
            cumulative += n
            if cumulative == rank + 1 {
                return .success(.init(depth: depth, place: LaneMajor.index(of: bin, height: binHeight), isInTail: true))
            }
        }
        return .failure(Problem(text: "the label's rank is \(rank), but no bin ends there"))
    }

    private func firstRise<Stored: Scalar>(_ top: UnsafeRawPointer, as type: Stored.Type) -> String {
        for rank in 1..<exactCount {
            let before: Stored = stored(top, rank - 1), here: Stored = stored(top, rank)
            if !(here <= before) {
                return "logit \(rank) of the largest is \(here) after \(before), expected descending order"
            }
        }
        return "the largest logits are not in descending order"
    }
}

extension SketchColumns {
    @inline(__always)
    fileprivate func labelRank(_ token: Int) -> Int32 {
        labelRanks.loadUnaligned(fromByteOffset: 4 * token, as: Int32.self)
    }
}

// Loop-only functions: what is stored need not be aligned.

@inline(__always)
private func stored<Stored: Scalar>(_ column: UnsafeRawPointer, _ index: Int) -> Stored {
    column.loadUnaligned(fromByteOffset: index &* MemoryLayout<Stored>.stride, as: Stored.self)
}

/// Whether some logit is above the one before it, or NaN.
@inline(never) @_specialize(where Stored == Float) @_specialize(where Stored == Double)
private func rises<Stored: Scalar>(_ logits: UnsafeRawPointer, _ count: Int, as type: Stored.Type) -> Bool {
    var rises = 0
    var i = 1
    while i < count {
        let before: Stored = stored(logits, i &- 1), here: Stored = stored(logits, i)
        rises |= here <= before ? 0 : 1
        i &+= 1
    }
    return rises != 0
}

/// What a row's bins may hold: they lie below the exact logits, and no deeper than depths are counted.
private struct TailLimits<Stored: Scalar> {
    /// All bins together.
    let mostTokens: Stored
    let highestMean: Stored
    let lowestMean: Stored
    let largestVariance: Stored

    /// - Parameters:
    ///   - largest, smallest: of the exact logits.
    ///   - mostTokens: V − K.
    init(largest: Stored, smallest: Stored, mostTokens: Int) {
        let deepest = Stored(SketchShape.deepest)
        // Means are stored rounded.
        let slack = 0.01 + 1e-4 * abs(largest)
        self.mostTokens = Stored(mostTokens)
        highestMean = max(smallest, largest - deepest) + slack
        lowestMean = largest - deepest - slack
        // The largest variance of numbers that lie as far apart as depths can.
        largestVariance = deepest * deepest / 4 * 1.01
    }

    var words: String {
        "a bin holds a count, mean or variance that cannot be, expected whole counts of at most "
            + "\(Int(mostTokens)) together, means from \(lowestMean) "
            + "to \(highestMean) and variances from 0 to \(largestVariance)"
    }
}

/// Whether some number of a row's bins is NaN or out of its limits, or some count is no whole number.
@inline(never) @_specialize(where Stored == Float) @_specialize(where Stored == Double)
private func isUnsound<Stored: Scalar>(
    _ counts: UnsafeRawPointer, _ means: UnsafeRawPointer, _ variances: UnsafeRawPointer, _ count: Int,
    _ limits: TailLimits<Stored>
) -> Bool {
    var bad = 0
    var all: Stored = 0
    let most = limits.mostTokens, high = limits.highestMean, low = limits.lowestMean, spread = limits.largestVariance
    for i in 0..<count {
        let n: Stored = stored(counts, i), μ: Stored = stored(means, i), v: Stored = stored(variances, i)
        bad |= n >= 0 ? 0 : 1
        bad |= n <= most ? 0 : 1
        bad |= n == n.rounded(.towardZero) ? 0 : 1
        // An empty bin has no depth, but its numbers are numbers.
        bad |= (μ <= high ? 0 : 1) & (n == 0 && μ - μ == 0 ? 0 : 1)
        bad |= (μ >= low ? 0 : 1) & (n == 0 && μ - μ == 0 ? 0 : 1)
        bad |= v >= 0 ? 0 : 1
        bad |= (v <= spread ? 0 : 1) & (n == 0 && v - v == 0 ? 0 : 1)
        all += n
    }
    return bad != 0 || !(all <= most)
}

@inline(never)
@_specialize(where Element == Float, Stored == Float) @_specialize(where Element == Double, Stored == Float)
@_specialize(where Element == Double, Stored == Double)
private func fillDepths<Element: Scalar, Stored: Scalar>(
    _ logits: UnsafeRawPointer, count: Int, height: Int, below largest: Stored, _ run: UnsafeMutablePointer<Element>
) {
    let impossible = SortedRows<Element>.impossibleDepth, largest = Element(largest)
    LaneMajor.fill(run, height: height, count: count, padding: impossible) { rank in
        let logit: Stored = stored(logits, rank), depth = Element(logit) - largest
        return depth < impossible ? impossible : depth
    }
}

@inline(never)
@_specialize(where Element == Float, Stored == Float) @_specialize(where Element == Double, Stored == Float)
@_specialize(where Element == Double, Stored == Double)
private func fillBins<Element: Scalar, Stored: Scalar>(
    counts: UnsafeRawPointer, means: UnsafeRawPointer, variances: UnsafeRawPointer, count: Int, height: Int,
    below largest: Stored,
    _ run: UnsafeMutablePointer<Element>
) {
    let largest = Element(largest)
    func number(_ column: UnsafeRawPointer, _ bin: Int) -> Element {
        let value: Stored = stored(column, bin)
        return Element(value)
    }
    LaneMajor.fill(run, height: height, count: count, padding: 0) { number(counts, $0) }
    LaneMajor.fill(run + height * 16, height: height, count: count, padding: 0) { bin in
        // An empty bin has no depth.
        let depth = number(means, bin) - largest
        return number(counts, bin) > 0 && depth < 0 ? depth : 0
    }
    LaneMajor.fill(run + 2 * height * 16, height: height, count: count, padding: 0) { number(variances, $0) }
}
