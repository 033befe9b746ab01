extension Tensor<Float> {
    /// Some rows, in the order given: [rows.count, columns].
    public func selecting(rows: [Int]) -> Tensor {
        let width = columns, count = self.rows
        return Tensor(shape: [rows.count, width]) { result in
            withUnsafeBufferPointer { x in
                for (i, row) in rows.enumerated() {
                    require(row >= 0 && row < count, "row \(row) is outside shape \(shape)")
                    for j in 0..<width { result[i * width + j] = x[row * width + j] }
                }
            }
        }
    }

    /// `self[rows[i], :] += weights[i]·x[i, :]`.
    public mutating func add(_ x: Tensor, weights: [Float], toRows rows: [Int]) {
        let width = columns, count = self.rows
        require(x.rows == rows.count && weights.count == rows.count && x.columns == width, "rows \(x.shape) do not fit \(shape)")
        withUnsafeMutableBufferPointer { y in
            x.withUnsafeBufferPointer { x in
                for (i, row) in rows.enumerated() {
                    require(row >= 0 && row < count, "row \(row) is outside a tensor of \(count) rows")
                    for j in 0..<width { y[row * width + j] += weights[i] * x[i * width + j] }
                }
            }
        }
    }

    /// `self[first ..< first + x.rows, :] ← x`.
    public mutating func setRows(from first: Int, to x: Tensor) {
        let start = first * columns
        require(x.columns == columns && first >= 0 && first + x.rows <= rows, "rows \(x.shape) from \(first) do not fit \(shape)")
        withUnsafeMutableBufferPointer { y in
            x.withUnsafeBufferPointer { x in for i in x.indices { y[start + i] = x[i] } }
        }
    }

    /// `self[:, range] ← x[:, source]`.
    public mutating func setColumns(_ range: Range<Int>, to x: Tensor, columns source: Range<Int>) {
        let width = columns, count = rows, sourceWidth = x.columns
        require(
            range.count == source.count && x.rows == count && range.upperBound <= width && source.upperBound <= sourceWidth,
            "columns \(source) of \(x.shape) do not fit columns \(range) of \(shape)")
        withUnsafeMutableBufferPointer { y in
            x.withUnsafeBufferPointer { x in
                for row in 0..<count {
                    for j in 0..<range.count {
                        y[row * width + range.lowerBound + j] = x[row * sourceWidth + source.lowerBound + j]
                    }
                }
            }
        }
    }
}
