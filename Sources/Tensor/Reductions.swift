// Sums along rows and columns, and what needs a whole row at once: softmax, cumulative sums, sorting.

extension Tensor {
    /// Sum of each row, [rows, 1], added up in Double.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func rowSums() -> Tensor {
        mapRows(resultColumns: 1) { x, n, y in
            var total = 0.0
            for i in 0..<n { total += Double(x[i]) }
            y[0] = Element(total)
        }
    }

    /// Sum of each column, [1, columns], in blocks of 256 rows so that Float loses little on long columns.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func columnSums() -> Tensor {
        let rows = rows, columns = columns
        return Tensor(shape: [1, columns]) { result in
            var totals = [Double](repeating: 0, count: columns), partial = [Element](repeating: 0, count: columns)
            withPointers(to: self) { x in
                for start in stride(from: 0, to: rows, by: 256) {
                    for j in 0..<columns { partial[j] = 0 }
                    for i in start..<min(start + 256, rows) {
                        let row = x + i * columns
                        for j in 0..<columns { partial[j] += row[j] }
                    }
                    for j in 0..<columns { totals[j] += Double(partial[j]) }
                }
            }
            for j in 0..<columns { result[j] = Element(totals[j]) }
        }
    }

    /// Sum of all elements, in Double.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func sum() -> Double {
        withUnsafeBufferPointer { x in
            var total = 0.0
            for i in 0..<x.count { total += Double(x[i]) }
            return total
        }
    }

    /// This tensor summed over the dimensions in which `shape` is 1: the derivative of repeating a tensor of that
    /// shape.
    public func summed(toShape shape: [Int]) -> Tensor {
        if self.shape == shape { return self }
        var result = self
        if shape.dropLast().reduce(1, *) == 1, rows > 1 { result = result.columnSums() }
        if shape.last ?? 1 == 1, columns > 1 { result = result.rowSums() }
        return result.reshaped(shape)
    }

    /// log softmax along each row, `x − max − log Σ e^(x−max)`; −∞ where x is −∞.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func logSoftmax() -> Tensor {
        mapRows(resultColumns: columns) { x, n, y in
            let (maximum, logTotal) = logSumExp(x, n)
            for i in 0..<n { y[i] = x[i] - maximum - logTotal }
        }
    }

    /// Softmax along each row, `e^(x−max) / Σ e^(x−max)`; 0 where x is −∞.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func softmax() -> Tensor {
        mapRows(resultColumns: columns) { x, n, y in
            var maximum = -Element.infinity
            for i in 0..<n where x[i] > maximum { maximum = x[i] }
            var total = 0.0, i = 0
            while i < n {
                let count = min(16, n - i)
                let e = Element.exponential(load(x + i, count) - maximum)
                if count == 16 { storeVector(e, y + i) } else { storeLanes(e, y + i, count) }
                total += Double(laneSum(e))
                i += 16
            }
            for i in 0..<n { y[i] = Element(Double(y[i]) / total) }
        }
    }

    /// Inclusive cumulative sum along each row, added up in Double.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func cumulativeSums() -> Tensor {
        mapRows(resultColumns: columns) { x, n, y in
            var total = 0.0
            for i in 0..<n {
                total += Double(x[i])
                y[i] = Element(total)
            }
        }
    }

    /// Sums of each element and all that follow it in its row: the derivative of ``cumulativeSums()``.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func reversedCumulativeSums() -> Tensor {
        mapRows(resultColumns: columns) { x, n, y in
            var total = 0.0
            for i in stride(from: n - 1, through: 0, by: -1) {
                total += Double(x[i])
                y[i] = Element(total)
            }
        }
    }

    /// For each row, the column numbers in descending order of their elements; equal elements keep their order.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    public func descendingOrder() -> [[Int]] {
        withUnsafeBufferPointer { x in
            (0..<rows).map { row in
                let x = x.baseAddress! + row * columns
                return (0..<columns).sorted { x[$0] != x[$1] ? x[$0] > x[$1] : $0 < $1 }
            }
        }
    }

    /// Up to sixteen elements, −∞ in the lanes beyond.
    @inline(__always)
    private func load(_ x: UnsafePointer<Element>, _ count: Int) -> SIMD16<Element> {
        count == 16 ? loadVector(x) : loadLanes(x, count, padding: -.infinity)
    }

    /// Maximum of a row and log Σ e^(x − maximum), which lies in [0, log n].
    @inline(__always)
    private func logSumExp(_ x: UnsafePointer<Element>, _ n: Int) -> (maximum: Element, logTotal: Element) {
        var maximum = -Element.infinity
        for i in 0..<n where x[i] > maximum { maximum = x[i] }
        var total = 0.0, i = 0
        while i < n {
            total += Double(laneSum(Element.exponential(load(x + i, min(16, n - i)) - maximum)))
            i += 16
        }
        return (maximum, Element(Double.logarithm(total)))
    }

    /// `body(row, columns, result row)` for each row, in parallel.
    @inline(__always)
    func mapRows(
        resultColumns: Int, _ body: @Sendable (UnsafePointer<Element>, Int, UnsafeMutablePointer<Element>) -> Void
    ) -> Tensor {
        let columns = columns
        return Tensor(shape: [rows, resultColumns]) { result in
            withPointers(to: self) { x in
                // Workers write disjoint rows, so they may share the pointers.
                nonisolated(unsafe) let source = x, target = result.baseAddress!
                Parallel.forEachBlock(of: rows, blockSize: max(1, (1 << 15) / max(columns, 1))) { block in
                    for row in block { body(source + row * columns, columns, target + row * resultColumns) }
                }
            }
        }
    }
}
