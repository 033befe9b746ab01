import Tensor

/// `y = x / √(mean(x²) + ε) · w` for each row.
struct RootMeanSquareNorm: Sendable {
    /// w, one number a column.
    let weight: [Float]
    let epsilon: Float

    /// - Parameter x: [R, columns]; only columns `range` are read where it is given.
    /// - Returns: [R, weight.count].
    func callAsFunction(_ x: Tensor<Float>, columns range: Range<Int>? = nil) -> Tensor<Float> {
        let range = range ?? 0..<x.columns, width = x.columns, epsilon = epsilon
        require(
            range.count == weight.count && range.upperBound <= width,
            "norm of \(weight.count) columns on \(x.shape)[\(range)]")
        return Tensor(shape: [x.rows, range.count]) { result in
            withPointers(to: x) { x in
                // Workers write disjoint rows, so they may share the pointers.
                nonisolated(unsafe) let source = x + range.lowerBound, target = result.baseAddress!
                let n = range.count
                Parallel.forEachBlock(of: result.count / n, blockSize: max(1, (1 << 15) / n)) { rows in
                    normalise(
                        rows.count, source + rows.lowerBound * width, stride: width, n, weight, epsilon: epsilon,
                        into: target + rows.lowerBound * n)
                }
            }
        }
    }
}

/// Norms rows of `n` numbers, `stride` apart, into rows that lie one after another.
@inline(never)
private func normalise(
    _ rows: Int, _ x: UnsafePointer<Float>, stride: Int, _ n: Int, _ weight: UnsafePointer<Float>, epsilon: Float,
    into y: UnsafeMutablePointer<Float>
) {
    for row in 0..<rows {
        let x = x + row * stride, y = y + row * n
        let scale = 1 / (sumOfSquares(x, n) / Float(n) + epsilon).squareRoot()
        for i in 0..<n { y[i] = x[i] * scale * weight[i] }
    }
}

/// Σ x², in sixteen lanes, their sums in Double.
private func sumOfSquares(_ x: UnsafePointer<Float>, _ n: Int) -> Float {
    var lanes = SIMD16<Float>.zero, i = 0
    while i + 16 <= n {
        let v = loadVector(x + i)
        lanes = lanes.addingProduct(v, v)
        i += 16
    }
    var total = Double(sumOfLanes(lanes))
    while i < n {
        total += Double(x[i] * x[i])
        i += 1
    }
    return Float(total)
}

/// The lanes' sum, in a function of its own so that its shuffles stay out of the caller's loop.
@inline(never)
func sumOfLanes(_ lanes: SIMD16<Float>) -> Float { laneSum(lanes) }
