extension Tensor {
    /// One column, [rows, 1].
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func column(_ index: Int) -> Tensor {
        let rows = rows, columns = columns
        require(index >= 0 && index < columns, "column \(index) is outside shape \(shape)")
        return Tensor(shape: [rows, 1]) { y in
            withPointers(to: self) { x in for row in 0..<rows { y[row] = x[row * columns + index] } }
        }
    }

    /// Tensors of equally many rows side by side: [rows, sum of their columns].
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public init(beside parts: [Tensor]) {
        let rows = parts.first?.rows ?? 0, width = parts.reduce(0) { $0 + $1.columns }
        require(parts.allSatisfy { $0.rows == rows }, "shapes \(parts.map(\.shape)) do not stand side by side")
        self.init(shape: [rows, width]) { y in
            var first = 0
            for part in parts {
                let columns = part.columns
                withPointers(to: part) { x in
                    for row in 0..<rows {
                        for j in 0..<columns { y[row * width + first + j] = x[row * columns + j] }
                    }
                }
                first += columns
            }
        }
    }
}
