import Foundation
import Tensor

/// How a row of logits is summarised: its K largest kept exactly, the rest in B bins over depth.
public struct SketchShape: Sendable, Equatable, Codable {
    /// K, at least 5 because the features need the five largest.
    public var exact: Int
    /// B, at least 1.
    public var bins: Int

    /// 256 and 128: 2.5 KB a token.
    public static let standard = SketchShape(exact: 256, bins: 128)

    /// A shape of K exact logits, at least 5, and B bins, at least 1.
    public init(exact: Int, bins: Int) {
        let smallest = FeatureTerms.leadingCount
        require(
            exact >= smallest && bins >= 1,
            "a sketch of \(exact) logits and \(bins) bins; at least \(smallest) and 1 are needed")
        (self.exact, self.bins) = (exact, bins)
    }

    /// Depth below l₀ at which a logit counts as no deeper.
    static let deepest = 64.0
    /// The last bin is this many times as wide as the first.
    static let widening = 100.0
    /// q, the ratio of the widths of neighbouring bins.
    var ratio: Double { bins > 1 ? Foundation.pow(Self.widening, 1 / Double(bins - 1)) : Self.widening }
    /// Depth below the K+1-th logit at which bin `j` begins, D·(qʲ−1)/(q^B−1).
    func edge(_ j: Int, of D: Double) -> Double {
        D * (Foundation.pow(ratio, Double(j)) - 1) / (Foundation.pow(ratio, Double(bins)) - 1)
    }
}

/// The sketch of one row of logits, as a hidden-state cache stores it.
public struct LogitSketch<Element: Scalar>: Sendable {
    /// Token id of the label, its place in descending order (0 = arg max), and its logit.
    public var label: Int
    /// The label's place in descending order of logits; 0 is the arg max.
    public var labelRank: Int
    /// The label's logit.
    public var labelLogit: Element
    /// The K largest logits, descending; −∞ where fewer are possible; V of them where V ≤ K.
    public var topLogits: [Element]
    /// Number of logits below the K largest in each of B + 1 bins, which descend. Where the label is
    /// among them its bin is cut after it, and later bins shift by one; otherwise the last is empty. Empty arrays where
    /// V ≤ K.
    public var tailCount: [Element]
    /// Mean logit of each bin, B + 1 numbers; 0 for an empty bin.
    public var tailMean: [Element]
    /// Variance of the logits of each bin, B + 1 numbers ≥ 0.
    public var tailVariance: [Element]
}
