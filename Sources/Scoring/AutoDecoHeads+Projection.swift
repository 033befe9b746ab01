import AutoDecoHeads
import HiddenStateCache
import Tensor

extension AutoDecoHeads {
    /// Heads for the full hidden state that predict what these predict from its projection.
    ///
    /// The projection, z = (h − mean)·Cᵀ, is folded into each head's first layer: W₁ z + b₁ = W₁C h + (b₁ − W₁C·mean).
    /// The columns for T̂ and the features stay as they are.
    public func unprojected(by projection: Projection) -> AutoDecoHeads {
        require(
            configuration.hiddenSize == projection.rank,
            "heads for \(configuration.hiddenSize) columns and a projection onto \(projection.rank)")
        let components = projection.components.converted(to: Element.self),
            mean = projection.mean.converted(to: Element.self)
        let rank = projection.rank, D = projection.hiddenSize
        func fold(_ head: HeadParameters<Tensor<Element>>) -> HeadParameters<Tensor<Element>> {
            let weight = head.firstWeight, others = weight.columns - rank
            var first = Tensor<Element>(shape: [weight.rows, D + others])
            first.setProduct(weight.matrix[columns: 0..<rank], components.matrix, columns: 0..<D)
            for row in 0..<weight.rows {
                for column in 0..<others { first[row, D + column] = weight[row, rank + column] }
            }
            let shift = Tensor<Element>.product(first.matrix[columns: 0..<D], mean.matrix.transposed)
            var folded = head
            folded.firstWeight = first
            folded.firstBias = head.firstBias - shift.reshaped(head.firstBias.shape)
            return folded
        }
        var configuration = configuration
        configuration.hiddenSize = D
        return AutoDecoHeads(
            configuration: configuration,
            parameters: HeadsParameters(temperature: parameters.temperature.map(fold), topP: parameters.topP.map(fold)))
    }
}
