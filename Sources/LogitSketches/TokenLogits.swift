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

    /// The losses and the features from one pass, where both T̂ and P̂ are known.
    func lossesAndFeatures(
        temperature: Tensor<Element>, topP: Tensor<Element>, constants: LossConstants
    ) -> (losses: TokenLosses<Element>, features: Tensor<Element>)
}
