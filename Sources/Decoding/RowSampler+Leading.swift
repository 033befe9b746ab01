import Foundation
import LogitSketches
import Tensor

// The usual case: what can be drawn is among the few hundred largest logits. The maxima of blocks of 64 give a
// threshold that leaves few candidates; they alone are sorted.

extension RowSampler {
    /// Number of blocks from which candidates are taken, at least, and at most where all that matter are in them.
    private static var leadingBlocks: Int { 256 }
    private static var mostLeadingBlocks: Int { 320 }
    /// More candidates than that, as sorted or padded vocabularies give, are cheaper in bins.
    private static var mostCandidates: Int { RankedTokens.comparisonLimit }

    /// A draw, or nil where the leading tokens do not suffice for it.
    func drawFromLeading(_ cut: RankCut, _ uniform: Double) -> DrawnToken? {
        var floor = cut.lowestExponent(sums: sums, vocabularySize: vocabularySize), wanted = Self.leadingBlocks
        switch cut {
        case .fading: floor = max(floor, Foundation.log2(RankCut.continuumProbability * sums.total))
        case .count(let k):
            guard k <= 1_000 else { return nil }
            wanted = max(k, wanted)
        default: break
        }
        let lowest = smallestLogit(exponentFrom: floor)
        let reaching = maximaReaching(lowest)
        let isComplete = reaching <= max(Self.mostLeadingBlocks, wanted)
        guard
            rankTokens(
                from: isComplete ? lowest : leadingBlockMaximum(wanted, among: reaching), atMost: Self.mostCandidates)
        else { return nil }
        switch cut {
        case .mass(let target, let isInclusive):
            return drawUpTo(target: target, isInclusive: isInclusive, isComplete: isComplete, uniform)
        case .count(let k):
            guard isComplete || ranked.count >= k else { return nil }
            return drawFromRanks(min(k, ranked.count), uniform)
        case .exponent: return isComplete ? drawFromRanks(ranked.count, uniform) : nil
        case .fading(let mask): return drawFading(mask, uniform)
        }
    }

    private func drawUpTo(
        target: Double, isInclusive: Bool, isComplete: Bool, _ uniform: Double
    ) -> DrawnToken? {
        let (kept, isCut) = keptRanks(after: 0, target: target, isInclusive: isInclusive)
        guard isCut || isComplete else { return nil }
        return drawFromRanks(max(kept, 1), uniform)
    }

    /// How many of the ranked tokens are before the cut, given Σe before them, and whether the cut is among them.
    func keptRanks(after start: Double, target: Double, isInclusive: Bool) -> (kept: Int, isCut: Bool) {
        var c = start
        for rank in 0..<ranked.count {
            c += Double(e[rank])
            if isInclusive ? c > target : c >= target { return (isInclusive ? rank : rank + 1, true) }
        }
        return (ranked.count, false)
    }

    /// Draws one of the first `count` ranked tokens in proportion to e.
    private func drawFromRanks(_ count: Int, _ uniform: Double) -> DrawnToken {
        let total = (0..<count).reduce(0) { $0 + Double(e[$1]) }
        let rank = rank(at: uniform * total, of: count) { Double(self.e[$0]) }
        return DrawnToken(token: ranked.token(rank), nucleusSize: count, weight: Double(e[rank]), of: total)
    }

    /// The first of `count` ranks at which cumulative weights exceed `target`; otherwise the last with a weight.
    @inline(__always)
    func rank(at target: Double, of count: Int, weight: (Int) -> Double) -> Int {
        var rest = target, last = 0
        for rank in 0..<count {
            let w = weight(rank)
            guard w > 0 else { continue }
            last = rank
            rest -= w
            if rest < 0 { break }
        }
        return last
    }

    /// The soft filter. What is beyond the leading tokens is taken as a continuum of mass; a draw that falls there is
    /// left to the bins.
    private func drawFading(_ mask: SoftMask, _ uniform: Double) -> DrawnToken? {
        var c = 0.0, total = 0.0, size = 0, isNegligible = false
        cumulative.removeAll(keepingCapacity: true)
        for rank in 0..<ranked.count {
            if c < mask.topP { size += 1 }
            let p = Double(e[rank]) / sums.total
            c += p
            total += p * mask(c)
            cumulative.append(total)
            if c > mask.topP, mask(c) * (1 - c) < 1e-12 * total {
                isNegligible = true
                break
            }
        }
        guard c >= mask.topP else { return nil }
        if !isNegligible {
            let smallest = Double(e[ranked.count - 1]) / sums.total, beyond = max(0, 1 - c)
            guard mask.steepness / 4 * smallest * beyond * mask(c) < RankCut.continuumError * total else { return nil }
            total += mask.tail(after: c)
        }
        let target = uniform * total
        guard let rank = cumulative.firstIndex(where: { $0 > target }) ?? (isNegligible ? cumulative.count - 1 : nil)
        else { return nil }
        return DrawnToken(
            token: ranked.token(rank), nucleusSize: max(size, 1), weight: cumulativeWeight(rank), of: total)
    }

    /// The weight of one rank, where cumulative weights are there.
    func cumulativeWeight(_ rank: Int) -> Double { cumulative[rank] - (rank > 0 ? cumulative[rank - 1] : 0) }

    /// How many blocks hold a logit from `lowest` up; their maxima are left in `maximaOrder`.
    private func maximaReaching(_ lowest: Float) -> Int {
        var count = 0
        for block in 0..<blocks {
            maximaOrder[count] = maxima[block]
            count &+= maxima[block] >= lowest ? 1 : 0
        }
        return count
    }

    /// The count-th largest maximum of a block: at least `count` logits reach it.
    func leadingBlockMaximum(_ count: Int, from lowest: Float) -> Float {
        leadingBlockMaximum(count, among: maximaReaching(lowest))
    }

    private func leadingBlockMaximum(_ count: Int, among reaching: Int) -> Float {
        selectDescending(maximaOrder, reaching, count - 1)
    }

    /// Ranks all tokens from `threshold` up, with their e; false where there are more than `most`.
    @discardableResult
    func rankTokens(from threshold: Float, atMost most: Int = .max) -> Bool {
        var count = 0
        for index in 0..<blocks where maxima[index] >= threshold {
            count += gatherBlock(block(index), from: threshold, firstToken: 64 * index, into: found + count)
            if count > most { return false }
        }
        // A threshold of −∞ is met by the padding too.
        while count > 0, found[count - 1] >= vocabularySize { count -= 1 }
        rankFound(count)
        return true
    }

    /// Ranks the tokens in `found`, with their e.
    func rankFound(_ count: Int) {
        ranked.rank(found, count: count, logits: row)
        let padded = (count + 63) / 64 * 64
        for rank in 0..<padded { e[rank] = rank < count ? logit(ranked.token(rank)) : -.infinity }
        exponentials(e, blocks: padded / 64, exponent, into: e)
    }
}

/// The k-th largest of `count` values (from 0), by Hoare's selection, linear on average; moves them about.
private func selectDescending(_ values: UnsafeMutablePointer<Float>, _ count: Int, _ k: Int) -> Float {
    var low = 0, high = count - 1
    while low < high {
        // The median of three as pivot keeps sorted input linear.
        let middle = (low + high) / 2
        if values[middle] > values[low] { swap(&values[middle], &values[low]) }
        if values[high] > values[low] { swap(&values[high], &values[low]) }
        if values[high] > values[middle] { swap(&values[high], &values[middle]) }
        let pivot = values[middle]
        var i = low, j = high
        while i <= j {
            while values[i] > pivot { i += 1 }
            while pivot > values[j] { j -= 1 }
            if i <= j {
                swap(&values[i], &values[j])
                i += 1
                j -= 1
            }
        }
        if k <= j { high = j } else if k >= i { low = i } else { break }
    }
    return values[k]
}
