import Foundation
import LogitSketches
import Tensor

// The general case, for flat rows: a histogram over depth tells in which bin the cut is and in which one the draw
// falls; only these are sorted.

extension RowSampler {
    func drawFromBins(_ cut: RankCut, _ uniform: Double) -> DrawnToken {
        let lowest = smallestLogit(exponentFrom: cut.lowestExponent(sums: sums, vocabularySize: vocabularySize))
        let width = fillBins(from: lowest)
        let (total, size, cutBin) = if case .fading(let mask) = cut { fade(mask, width: width) } else { keep(cut) }

        var rest = uniform * total, chosen = 0
        for bin in 0..<DepthBins.count where bins.weights[bin] > 0 {
            chosen = bin
            if rest < bins.weights[bin] { break }
            rest -= bins.weights[bin]
        }
        let share = min(rest / bins.weights[chosen], 1)
        rankBin(chosen)
        guard case .fading(let mask) = cut else {
            // Of the bin that is cut, only what is kept takes part.
            let count = chosen == cutBin.bin ? cutBin.kept : ranked.count
            let exact = (0..<count).reduce(0) { $0 + Double(e[$1]) }
            let rank = rank(at: share * exact, of: count) { Double(self.e[$0]) }
            return DrawnToken(token: ranked.token(rank), nucleusSize: size, weight: Double(e[rank]), of: total)
        }
        let start = (0..<chosen).reduce(0) { $0 + bins.mass($1) } / sums.total
        weighRanked(mask, after: start)
        let rank = rank(at: share * (cumulative.last ?? 0), of: ranked.count, weight: cumulativeWeight)
        return DrawnToken(token: ranked.token(rank), nucleusSize: size, weight: cumulativeWeight(rank), of: total)
    }

    /// Puts all tokens with a logit from `lowest` up into bins; a bin's width in nats at the current temperature.
    private func fillBins(from lowest: Float) -> Double {
        let depth = largest - countAndSmallest(from: lowest).smallest
        let last = Float(DepthBins.count - 1)
        let factor = depth > 0 ? min(last / depth, .greatestFiniteMagnitude) : 0
        let exponent = exponent
        bins.sums.update(repeating: .zero, count: 2 * (DepthBins.count + 1))
        forEachRun { logits, first, count in
            let indices = bins.indices + 64 * first
            depthBins(
                logits, blocks: count, largest: largest, factor: factor, lastBin: last, threshold: lowest, into: indices
            )
            exponentials(logits, blocks: count, exponent, into: e)
            scatter(e, indices, count: 64 * count, into: bins.sums)
        }
        return Double(depth / last) / sums.temperature
    }

    private func rankBin(_ bin: Int) {
        rankFound(gatherBin(bins.indices, blocks: blocks, bin: Int32(bin), into: found))
    }

    /// Weights of bins where tokens are kept or not: their mass up to the cut. The number of tokens kept, and the bin
    /// in which the cut is, with how many of its tokens are kept.
    private func keep(_ cut: RankCut) -> (total: Double, size: Int, cutBin: (bin: Int, kept: Int)) {
        var total = 0.0, size = 0
        bins.weights.update(repeating: 0, count: DepthBins.count)
        for bin in 0..<DepthBins.count {
            let mass = bins.mass(bin), tokens = bins.tokens(bin)
            guard tokens > 0 else { continue }
            var kept: Int?
            switch cut {
            case .mass(let target, let isInclusive) where isInclusive ? total + mass > target : total + mass >= target:
                rankBin(bin)
                kept = keptRanks(after: total, target: target, isInclusive: isInclusive).kept
            case .count(let k) where size + tokens >= k:
                rankBin(bin)
                kept = k - size
            default: break
            }
            if let kept {
                let kept = size == 0 ? max(kept, 1) : kept
                bins.weights[bin] = (0..<kept).reduce(0) { $0 + Double(e[$1]) }
                return (total + bins.weights[bin], size + kept, (bin, kept))
            }
            bins.weights[bin] = mass
            total += mass
            size += tokens
        }
        return (total, size, (-1, 0))
    }

    /// Weights of bins under the soft filter. Bins that the mask leaves whole or that hold nearly equal tokens have a
    /// closed form; the one in which P is, and those that hold much mass in few tokens, are summed token by token.
    private func fade(_ mask: SoftMask, width: Double) -> (total: Double, size: Int, cutBin: (bin: Int, kept: Int)) {
        var total = 0.0, c = 0.0, size = 0
        bins.weights.update(repeating: 0, count: DepthBins.count)
        for bin in 0..<DepthBins.count {
            let b = bins.mass(bin) / sums.total, tokens = bins.tokens(bin)
            guard tokens > 0 else { continue }
            if c + b <= mask.topP {
                bins.weights[bin] = b
                size += tokens
            } else if c < mask.topP || isUneven(tokens: tokens, mass: b, after: c, mask, width: width, total: total) {
                rankBin(bin)
                size += weighRanked(mask, after: c)
                bins.weights[bin] = cumulative.last ?? 0
            } else {
                bins.weights[bin] = mask.mass(after: c, of: b, count: Double(tokens))
            }
            total += bins.weights[bin]
            c += b
            if c > mask.topP, mask(c) * (1 - c) < 1e-12 * total { break }
        }
        return (total, max(size, 1), (-1, 0))
    }

    private func isUneven(
        tokens: Int, mass b: Double, after c: Double, _ mask: SoftMask, width: Double, total: Double
    ) -> Bool {
        tokens > 1 && mask.spreadError(probability: b / Double(tokens), spread: width) * b * mask(c) > 1e-8 * total
    }

    /// Leaves cumulative weights p·m(c) of the ranked tokens, which follow a cumulative probability; how many of them
    /// start below P.
    @discardableResult
    private func weighRanked(_ mask: SoftMask, after start: Double) -> Int {
        var c = start, total = 0.0, size = 0
        cumulative.removeAll(keepingCapacity: true)
        for rank in 0..<ranked.count {
            if c < mask.topP { size += 1 }
            let p = Double(e[rank]) / sums.total
            c += p
            total += p * mask(c)
            cumulative.append(total)
        }
        return size
    }
}
