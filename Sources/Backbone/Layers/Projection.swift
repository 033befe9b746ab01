import WeightMatrices
import Tensor

/// `x·Wᵀ + b`, W frozen and mapped, b small or absent.
struct Projection: Sendable {
    let weight: WeightMatrix
    /// [1, outputs].
    var bias: Tensor<Float>?

    /// [R, inputs] → [R, outputs].
    func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { biased(weight.product(x)) }

    /// Several projections of the same x: [R, inputs] → of each [R, its outputs].
    static func all(_ projections: [Projection], _ x: Tensor<Float>) -> [Tensor<Float>] {
        zip(projections, WeightMatrix.products(x, projections.map(\.weight))).map { $0.biased($1) }
    }

    private func biased(_ y: Tensor<Float>) -> Tensor<Float> { bias.map { y + $0 } ?? y }
}
