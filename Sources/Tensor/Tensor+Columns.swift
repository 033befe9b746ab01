extension Tensor {
    /// Copies one column, [rows, 1].
    public func column(_ index: Int) -> Tensor { selecting(columns: index..<index + 1) }

    /// Copies neighbouring columns, [rows, range.count].
    public func selecting(columns range: Range<Int>) -> Tensor {
        var result = Tensor(shape: [rows, range.count]) { _ in }
        result.setColumns(0..<range.count, to: self, columns: range)
        return result
    }

    /// Replaces neighbouring columns by columns of another tensor: `self[:, range] ← x[:, source]`.
    ///
    /// - Parameters:
    ///   - x: a tensor of as many rows.
    ///   - source: as many columns of x as `range` has; all by default.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public mutating func setColumns(_ range: Range<Int>, to x: Tensor, columns source: Range<Int>? = nil) {
        let width = columns, rows = rows, sourceWidth = x.columns, source = source ?? 0..<sourceWidth
        require(
            range.count == source.count && x.rows == rows && range.lowerBound >= 0 && range.upperBound <= width
                && source.lowerBound >= 0 && source.upperBound <= sourceWidth,
            "columns \(source) of \(x.shape) do not fit columns \(range) of \(shape)")
        let y = mutablePointer() + range.lowerBound, count = range.count
        withPointers(to: x) { x in
            let x = x + source.lowerBound
            for row in 0..<rows {
                for j in 0..<count { y[row * width + j] = x[row * sourceWidth + j] }
            }
        }
    }

    /// Puts tensors of equally many rows side by side: [rows, sum of their columns].
    public init(beside parts: [Tensor]) {
        let rows = parts.first?.rows ?? 0, width = parts.reduce(0) { $0 + $1.columns }
        require(parts.allSatisfy { $0.rows == rows }, "shapes \(parts.map(\.shape)) do not stand side by side")
        self.init(shape: [rows, width]) { _ in }
        var first = 0
        for part in parts {
            setColumns(first..<first + part.columns, to: part)
            first += part.columns
        }
    }
}
