import Tensor

/// Hidden states as heads read them, H of [N, D]: a tensor, or BF16 numbers as a cache keeps them.
///
/// Heads read them in two products alone, that of their first layers and its derivative by the weights. Both stand
/// here, once for each form; everything behind them is the same.
public protocol HiddenStates<Element>: Sendable {
    /// What weights, inner layers and gradients are made of.
    associatedtype Element: Scalar

    /// N.
    var rows: Int { get }
    /// D.
    var columns: Int { get }

    /// Z = H·Wᵀ, [N, width].
    ///
    /// - Parameter weights: W, [width, D].
    func innerLayers(_ weights: Tensor<Element>) -> Tensor<Element>

    /// dW = dZᵀ·H, [width, D].
    ///
    /// - Parameter inner: dZ, the gradient by the inner layers, [N, width].
    func weightGradients(_ inner: Tensor<Element>) -> Tensor<Element>
}

/// Rows or columns of a product that a thread takes at least; with fewer, packing costs more.
private let smallestBlock = 448

extension Tensor: HiddenStates {
    public func innerLayers(_ weights: Tensor) -> Tensor {
        var product = Tensor(shape: [rows, weights.rows]) { _ in }
        product.setProduct(matrix, weights.matrix.transposed, smallestBlock: smallestBlock)
        return product
    }

    public func weightGradients(_ inner: Tensor) -> Tensor {
        var product = Tensor(shape: [inner.columns, columns]) { _ in }
        product.setProduct(inner.matrix.transposed, matrix, smallestBlock: smallestBlock)
        return product
    }
}

/// W and dZ are rounded to BF16 for their products. H is as it is, and sums are Float: the products are exact, but for
/// the roundings of W and dZ.
extension BF16Matrix: HiddenStates {
    public func innerLayers(_ weights: Tensor<Float>) -> Tensor<Float> {
        product(transposed: BF16Matrix(rounding: weights))
    }

    public func weightGradients(_ inner: Tensor<Float>) -> Tensor<Float> {
        Tensor.product(transposed: inner, self)
    }
}
