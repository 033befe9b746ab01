import Tensor

/// The logits of N tokens, prepared so that losses and features need no sorting: ``SortedRows`` hold all of them,
/// ``LogitSketches`` the largest exactly and a summary of the rest.
public protocol TokenLogits<Element>: Sendable {
    associatedtype Element: Scalar

    /// N.
    var count: Int { get }
    /// Place of each label in descending order of logits, 0 for the arg max; equal logits keep the order of their ids.
    var labelRanks: [Int] { get }
    /// softmax(l)_y, the weight of Dynamic Fine-Tuning, [N, 1].
    var baseProbabilities: Tensor<Element> { get }

    /// The four features of p = softmax(l / (T̂ + 1e-8)), [N, 4]: max p; entropy −Σ p·log(p + 1e-8); unbiased variance
    /// of p over the V tokens; sum of the five largest p.
    ///
    /// - Parameter temperature: T̂, [N, 1].
    func features(temperature: Tensor<Element>) -> Tensor<Element>

    /// The three losses with their derivatives.
    ///
    /// - Parameters:
    ///   - temperature: T̂, [N, 1].
    ///   - topP: P̂, [N, 1].
    func losses(temperature: Tensor<Element>, topP: Tensor<Element>, constants: LossConstants) -> TokenLosses<Element>

    /// The losses and, from the same pass, the features: for whoever has both T̂ and P̂ at hand.
    func lossesAndFeatures(
        temperature: Tensor<Element>, topP: Tensor<Element>, constants: LossConstants
    ) -> (losses: TokenLosses<Element>, features: Tensor<Element>)
}

/// What the four features are computed from, for one token at one temperature.
struct FeatureTerms {
    /// Σ e and Σ e², with the largest e = 1.
    var total: Double
    var squares: Double
    var entropy: Double
    /// Sum of the min(5, V) largest e.
    var topFive: Double

    /// Added to T̂ in the features' softmax.
    static let temperatureOffset = 1e-8
    /// Added to p under the entropy's logarithm.
    static let entropyOffset = 1e-8

    /// [max p, entropy, unbiased variance, sum of the five largest].
    func values(vocabularySize V: Int) -> (Double, Double, Double, Double) {
        // Σ (p − 1/V)² = Σ p² − 1/V
        let variance = V > 1 ? max(0, squares / (total * total) - 1 / Double(V)) / Double(V - 1) : 0
        return (1 / total, entropy, variance, topFive / total)
    }

    /// T at which features are computed.
    static func temperature(_ temperature: Double) -> Double { temperature + temperatureOffset }
}

/// Runs one pass over N tokens and collects what it finds, in parallel over blocks of tokens.
///
/// - Parameters:
///   - count: N.
///   - makeWorkspace: called once for each block; its result is passed to `body` for the block's tokens.
///   - body: (workspace, token).
@inline(__always)
func forEachToken<Workspace>(
    _ count: Int, makeWorkspace: @Sendable () -> Workspace, _ body: @Sendable (Workspace, Int) -> Void
) {
    Parallel.forEachBlock(of: count, blockSize: 64) { block in
        let workspace = makeWorkspace()
        for token in block { body(workspace, token) }
    }
}

/// Features of N tokens, [N, 4], being filled. The pointer is shared by threads that write different tokens.
struct FeatureRows<Element: Scalar>: @unchecked Sendable {
    let rows: UnsafeMutablePointer<Element>
    let vocabularySize: Int

    func store(_ token: Int, _ terms: FeatureTerms) {
        let values = terms.values(vocabularySize: vocabularySize)
        rows[4 * token] = Element(values.0)
        rows[4 * token + 1] = Element(values.1)
        rows[4 * token + 2] = Element(values.2)
        rows[4 * token + 3] = Element(values.3)
    }
}
