import Tensor

extension Variable {
    /// Copies neighbouring columns, [R, range.count].
    public func columns(_ range: Range<Int>) -> Variable {
        let shape = [value.rows, value.columns]
        return record(value.selecting(columns: range)) { gradient, input in
            // The other columns get none.
            var dx = Tensor<Element>(shape: shape, repeating: 0)
            dx.setColumns(range, to: gradient)
            input.add(dx)
        }
    }
}
