import Tensor

// Operations that move, pick or accumulate elements within a row.

extension Variable {
    /// Picks columns row by row: result (i, j) is element (i, columns[i][j]).
    public func gathered(columns: [[Int]]) -> Variable {
        let x = value, width = columns.first?.count ?? 0
        require(
            columns.count == x.rows
                && columns.allSatisfy { $0.count == width && $0.allSatisfy { $0 >= 0 && $0 < x.columns } },
            "gather: \(columns.count) rows of columns, or a column outside, for shape \(x.shape)")
        var y = Tensor<Element>(shape: [x.rows, width], repeating: 0)
        for i in 0..<x.rows { for j in 0..<width { y[i, j] = x[i, columns[i][j]] } }
        return record(y) { gradient, input in
            // Each gradient goes back to where the element came from; an element picked twice gets both.
            input.add(
                {
                    var dx = Tensor<Element>(shape: x.shape, repeating: 0)
                    for i in 0..<x.rows { for j in 0..<width { dx[i, columns[i][j]] += gradient[i, j] } }
                    return dx
                }())
        }
    }

    /// Each row in descending order, with the permutation that sorts it: sorted (i, j) is element (i, order[i][j]).
    ///
    /// Equal elements keep their order, so that the gradient at a tie is that of this permutation: of equal logits, the
    /// one with the smaller token id counts as the larger.
    public func sortedDescending() -> (sorted: Variable, order: [[Int]]) {
        let order = value.descendingOrder()
        return (gathered(columns: order), order)
    }

    /// Inclusive cumulative sum along each row.
    public func cumulativeSum() -> Variable {
        // An element is in its own sum and in all later ones.
        record(value.cumulativeSums()) { gradient, input in input.add(gradient.reversedCumulativeSums()) }
    }

    /// Sum of each row, [R, 1].
    public func rowSums() -> Variable {
        let shape = value.shape
        return record(value.rowSums()) { gradient, input in
            input.add(Tensor(shape: shape, repeating: 0) + gradient)
        }
    }

    /// `Σ weight·x / count`, a single number; 0 where `count` is 0.
    ///
    /// - Parameters:
    ///   - weights: constants of this variable's shape. They are not normalised: Dynamic Fine-Tuning's weights make the
    ///     loss smaller, and are meant to.
    ///   - count: what to divide by, such as the number of kept tokens of a whole step.
    public func weightedMean(weights: Tensor<Element>, count: Int) -> Variable {
        require(weights.shape == value.shape, "weighted mean: weights \(weights.shape) for values \(value.shape)")
        let scale: Element = count > 0 ? 1 / Element(count) : 0
        // A weight of 0 leaves a value out, whatever it is.
        let kept = value.zeroed(whereZero: weights)
        return record(Tensor(shape: [1, 1], repeating: Element((kept * weights).sum()) * scale)) { gradient, input in
            input.add(weights * (gradient[0] * scale))
        }
    }
}

extension Tape {
    /// Matrices of R rows side by side, [R, C₁ + C₂ + …].
    public func concatenatedColumns(_ parts: [Variable<Element>]) -> Variable<Element> {
        let widths = parts.map(\.value.columns)
        return record(Tensor(beside: parts.map(\.value)), from: parts) { gradient, sinks in
            var start = 0
            for (sink, width) in zip(sinks, widths) {
                sink.add(gradient.selecting(columns: start..<start + width))
                start += width
            }
        }
    }
}
