import Tensor

extension Variable {
    /// The matrix product self·other, [R, K]·[K, C] → [R, C].
    public func matrixProduct(_ other: Variable) -> Variable {
        let (a, b) = (value, other.value)
        return record(Tensor.product(a.matrix, b.matrix), with: other) { gradient, first, second in
            // dA = G·Bᵀ, dB = Aᵀ·G
            first.add(Tensor.product(gradient.matrix, b.matrix.transposed))
            second.add(Tensor.product(a.matrix.transposed, gradient.matrix))
        }
    }
}

extension Tape {
    /// A linear layer, [inputs…]·Wᵀ + b, as in PyTorch's `nn.Linear`.
    ///
    /// - Parameters:
    ///   - inputs: one or several matrices of R rows that stand side by side, together [R, K]; they are multiplied by
    ///     their own columns of W, never copied together.
    ///   - weight: W, [C, K].
    ///   - bias: b, [1, C] or [C].
    /// - Returns: [R, C].
    public func linear(
        _ inputs: Variable<Element>..., weight: Variable<Element>, bias: Variable<Element>
    ) -> Variable<Element> {
        let w = weight.value, values = inputs.map(\.value), rows = values[0].rows, outputs = w.rows
        require(
            values.map(\.columns).reduce(0, +) == w.columns && bias.value.count == outputs,
            "linear layer: inputs \(values.map(\.shape)) do not fit weight \(w.shape) and bias \(bias.value.shape)")
        var columns: [Range<Int>] = []
        for x in values {
            columns.append((columns.last?.upperBound ?? 0)..<(columns.last?.upperBound ?? 0) + x.columns)
        }

        var y = Tensor<Element>(shape: [rows, outputs]) { _ in }
        for (part, (x, range)) in zip(values, columns).enumerated() {
            y.setProduct(x.matrix, w.matrix[columns: range].transposed, accumulate: part > 0)
        }
        y = y + bias.value.reshaped([1, outputs])

        return record(y, from: inputs + [weight, bias]) { gradient, sinks in
            // dX = G·W, dW = Gᵀ·X, db = Σ rows of G; each input has its own columns of W.
            for (sink, range) in zip(sinks, columns) {
                sink.add(Tensor.product(gradient.matrix, w.matrix[columns: range]))
            }
            sinks[inputs.count].add(
                {
                    var dW = Tensor<Element>(shape: w.shape) { _ in }
                    for (x, range) in zip(values, columns) {
                        dW.setProduct(gradient.matrix.transposed, x.matrix, columns: range)
                    }
                    return dW
                }())
            sinks[inputs.count + 1].add(gradient.columnSums().reshaped(bias.value.shape))
        }
    }
}
