import Foundation
import LogitSketches

/// Where tokens in descending order are cut, or faded: a truncation in terms of one row's sums.
enum RankCut {
    /// After the token with which Σe reaches the target, or (inclusive) before the one with which it exceeds it.
    case mass(target: Double, isInclusive: Bool)
    case count(Int)
    /// All from this y up.
    case exponent(Double)
    case fading(SoftMask)

    /// Below this y, e counts as 0.
    static let smallestExponent = -126.0

    /// Nil where all tokens stay.
    init?(_ truncation: Truncation, sums: SoftmaxSums, vocabularySize: Int) {
        switch truncation {
        case .topP(let p, let filter) where p < 1:
            switch filter {
            case .hard: self = .mass(target: p * sums.total, isInclusive: false)
            case .inclusive: self = .mass(target: p * sums.total, isInclusive: true)
            case .soft: self = .fading(SoftMask(topP: p))
            }
        case .topK(let k) where k < vocabularySize: self = .count(k)
        case .minP(let share) where share > 0: self = .exponent(max(Foundation.log2(share), Self.smallestExponent))
        default: return nil
        }
    }

    /// The y below which tokens do not matter, however they are distributed: together they cannot hold what lies beyond
    /// the cut. The soft filter has no end; tokens below 1e-12 of the mass are left out of it, which is less than 2e-7
    /// of the mass at V = 150,000.
    func lowestExponent(sums: SoftmaxSums, vocabularySize: Int) -> Double {
        let y: Double =
            switch self {
            case .mass(let target, _): Foundation.log2((sums.total - target) / Double(2 * vocabularySize))
            case .count: Self.smallestExponent
            case .exponent(let y): y
            case .fading: Foundation.log2(1e-12 * sums.total)
            }
        return max(y, Self.smallestExponent)
    }

    /// p up to which tokens beyond the leading ones can be taken as a continuum whatever their mass.
    static let continuumProbability = 2e-8
    /// Largest error of the soft filter's total that a continuum may cause, as a share.
    static let continuumError = 5e-7
}
