import WeightMatrices
import Tensor

/// `x·Wᵀ + b`, W frozen and mapped, b small or absent.
struct Projection: Sendable {
    let weight: WeightMatrix
    /// [1, outputs].
    var bias: Tensor<Float>?

    /// [R, inputs] → [R, outputs].
    func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> {
        let y = weight.product(x)
        return bias.map { y + $0 } ?? y
    }
}
