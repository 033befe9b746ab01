extension Tensor<Float> {
    /// Copies some rows.
    ///
    /// - Parameter rows: row numbers, each in 0..<self.rows, in any order and as often as wanted.
    /// - Returns: these rows in the order given, [rows.count, columns].
    public func selecting(rows: [Int]) -> Tensor {
        let width = columns, count = self.rows
        return Tensor(shape: [rows.count, width]) { result in
            withPointers(to: self) { x in
                for (i, row) in rows.enumerated() {
                    require(row >= 0 && row < count, "row \(row) is outside shape \(shape)")
                    for j in 0..<width { result[i * width + j] = x[row * width + j] }
                }
            }
        }
    }

    /// Adds weighted rows: `self[rows[i], :] += weights[i]·x[i, :]`.
    ///
    /// - Parameters:
    ///   - x: [rows.count, columns].
    ///   - weights: one number a row of x.
    ///   - rows: row numbers of this tensor, each in 0..<self.rows.
    public mutating func add(_ x: Tensor, weights: [Float], toRows rows: [Int]) {
        let width = columns, count = self.rows
        require(
            x.rows == rows.count && weights.count == rows.count && x.columns == width,
            "rows \(x.shape) do not fit \(shape)")
        let y = mutablePointer()
        withPointers(to: x) { x in
            for (i, row) in rows.enumerated() {
                require(row >= 0 && row < count, "row \(row) is outside a tensor of \(count) rows")
                for j in 0..<width { y[row * width + j] += weights[i] * x[i * width + j] }
            }
        }
    }

    /// Replaces neighbouring rows: `self[first ..< first + x.rows, :] ← x`.
    ///
    /// - Parameter x: [n, columns], with first + n ≤ rows.
    public mutating func setRows(from first: Int, to x: Tensor) {
        require(
            x.columns == columns && first >= 0 && first + x.rows <= rows,
            "rows \(x.shape) from \(first) do not fit \(shape)")
        let y = mutablePointer() + first * columns
        withPointers(to: x) { y.update(from: $0, count: x.count) }
    }
}
