import Tensor

/// What the four features are computed from, for one token at one temperature.
public struct FeatureTerms: Sendable {
    /// Σ e and Σ e², with the largest e = 1.
    public var total: Double
    /// Σ e², with the largest e = 1.
    public var squares: Double
    /// −Σ p·log(p + 1e-8), nats.
    public var entropy: Double
    /// Sum of the min(5, V) largest e.
    public var topFive: Double

    /// Number of features: max p, entropy, variance and sum of the five largest p.
    public static let count = 4
    /// Number of tokens whose p the last feature adds up.
    public static let leadingCount = 5

    /// Added to T̂ in the features' softmax.
    public static let temperatureOffset = 1e-8
    /// Added to p under the entropy's logarithm.
    public static let entropyOffset = 1e-8

    /// The terms of one token at one temperature.
    public init(total: Double, squares: Double, entropy: Double, topFive: Double) {
        (self.total, self.squares, self.entropy, self.topFive) = (total, squares, entropy, topFive)
    }

    /// [max p, entropy, unbiased variance, sum of the five largest].
    public func values(vocabularySize V: Int) -> (Double, Double, Double, Double) {
        // Σ (p − 1/V)² = Σ p² − 1/V
        let variance = V > 1 ? max(0, squares / (total * total) - 1 / Double(V)) / Double(V - 1) : 0
        return (1 / total, entropy, variance, topFive / total)
    }

    /// Writes the features, as ``count`` numbers in the order of ``values(vocabularySize:)``.
    public func write<Element: Scalar>(to row: UnsafeMutablePointer<Element>, vocabularySize: Int) {
        let values = values(vocabularySize: vocabularySize)
        row[0] = Element(values.0)
        row[1] = Element(values.1)
        row[2] = Element(values.2)
        row[3] = Element(values.3)
    }

    /// The T at which features are computed, given T̂.
    public static func temperature(_ temperature: Double) -> Double { temperature + temperatureOffset }
}

/// Features of N tokens, [N, 4], being filled. The pointer is shared by threads that write different tokens.
struct FeatureRows<Element: Scalar>: @unchecked Sendable {
    let rows: UnsafeMutablePointer<Element>
    let vocabularySize: Int

    func store(_ token: Int, _ terms: FeatureTerms) {
        terms.write(to: rows + FeatureTerms.count * token, vocabularySize: vocabularySize)
    }

    /// The features of `count` tokens, which `fill` writes, all of them.
    static func tensor(count: Int, vocabularySize: Int, fill: (FeatureRows) -> Void) -> Tensor<Element> {
        Tensor(shape: [count, FeatureTerms.count]) { buffer in
            if let rows = buffer.baseAddress { fill(FeatureRows(rows: rows, vocabularySize: vocabularySize)) }
        }
    }
}
