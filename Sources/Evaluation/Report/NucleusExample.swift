import Decoding
import Foundation
import LogitSketches
import Tensor

/// The three filters on one distribution: each token's share of its probability that they leave, and what remains when
/// that is made to sum to 1.
struct NucleusExample {
    /// P̂.
    let topP: Double
    /// p of softmax(l), descending, and their inclusive cumulative sum c.
    let probabilities, cumulative: [Double]
    private let kept: [NucleusFilter: Int]

    /// What a filter is shown with: p falls by a fifth from token to token, V = 14, P̂ = 0.8.
    static let shown = try? NucleusExample(logits: (0..<14).map { Float($0) * logf(0.8) }, topP: 0.8)

    /// - Parameter logits: in descending order.
    /// - Throws: `DecodingError` for logits or a P that cannot be decoded with.
    init(logits: [Float], topP: Double) throws {
        let row = Tensor<Float>(shape: [1, logits.count], logits)
        probabilities = row.softmax().elements.map(Double.init)
        var sum = 0.0
        cumulative = probabilities.map { p in
            sum += p
            return sum
        }
        var kept: [NucleusFilter: Int] = [:]
        for filter in NucleusFilter.allCases {
            var random = [RandomGenerator(seed: 0)]
            let policy = try SamplingPolicy(temperature: 1, topP: topP, filter: filter)
            kept[filter] = try policy.choose(hidden: Tensor(shape: [1, 1]), logits: row, random: &random)[0].nucleusSize
        }
        (self.topP, self.kept) = (topP, kept)
    }

    /// m of each token, in [0, 1].
    func mask(_ filter: NucleusFilter) -> [Double] {
        switch filter {
        case .soft:
            let mask = SoftMask(topP: topP)
            return cumulative.map { mask($0) }
        case .hard, .inclusive: return cumulative.indices.map { $0 < kept[filter] ?? 0 ? 1 : 0 }
        }
    }

    /// p⊙m / Σ p⊙m.
    func renormalised(_ filter: NucleusFilter) -> [Double] {
        let masked = zip(probabilities, mask(filter)).map { $0 * $1 }, sum = masked.reduce(0, +)
        return masked.map { $0 / sum }
    }
}
