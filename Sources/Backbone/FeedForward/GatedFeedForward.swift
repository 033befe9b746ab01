import Tensor

/// How a block transforms each row by itself.
protocol FeedForward: Sendable {
    /// [R, D] → what is added to the residual, [R, D].
    func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float>
}

/// `(silu(x·Wgᵀ) ⊙ x·Wuᵀ)·Wdᵀ` with `silu(g) = g·σ(g)`; biases where the projections have them.
struct GatedFeedForward: FeedForward {
    let gate: Projection, up: Projection, down: Projection

    func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> {
        var inner = gate(x)
        inner.combineVectors(with: up(x)) { g, u in g / (1 + Float.exponential(-g)) * u }
        return down(inner)
    }
}

/// gpt_oss's expert: `((u + 1) ⊙ g·σ(α·g))·Wdᵀ + bd`, where g = min(gate, limit) and u = up clamped to ±limit are the
/// even and the odd columns of one projection.
struct ClampedFeedForward: FeedForward {
    let gateAndUp: Projection, down: Projection
    let alpha: Float, limit: Float

    func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> {
        let (gate, up) = gateAndUp(x).deinterleavedColumns()
        var inner = gate
        inner.combineVectors(with: up) { gate, up in
            let g = gate.replacing(with: limit, where: gate .> limit)
            let u = up.replacing(with: limit, where: up .> limit).replacing(with: -limit, where: up .< -limit)
            return (u + 1) * (g / (1 + Float.exponential(-alpha * g)))
        }
        return down(inner)
    }
}

extension Tensor<Float> {
    /// `self ← body(self, other)`, sixteen elements at a time, in parallel.
    @inline(__always)
    fileprivate mutating func combineVectors(
        with other: Tensor, _ body: @Sendable (SIMD16<Float>, SIMD16<Float>) -> SIMD16<Float>
    ) {
        require(shape == other.shape, "shapes \(shape) and \(other.shape) differ")
        let count = count
        withUnsafeMutableBufferPointer { a in
            other.withUnsafeBufferPointer { b in
                guard let a = a.baseAddress, let b = b.baseAddress else { return }
                // Workers write disjoint blocks, so they may share the pointers.
                nonisolated(unsafe) let target = a, source = b
                Parallel.forEachBlock(of: count, blockSize: 1 << 15) { block in
                    var i = block.lowerBound
                    while i + 16 <= block.upperBound {
                        storeVector(body(loadVector(UnsafePointer(target + i)), loadVector(source + i)), target + i)
                        i += 16
                    }
                    let rest = block.upperBound - i
                    guard rest > 0 else { return }
                    storeLanes(body(loadLanes(UnsafePointer(target + i), rest), loadLanes(source + i, rest)), target + i, rest)
                }
            }
        }
    }

    /// The even and the odd columns, [R, columns/2] each.
    fileprivate func deinterleavedColumns() -> (even: Tensor, odd: Tensor) {
        let half = [rows, columns / 2], count = count / 2
        var odd = Tensor(shape: half) { _ in }
        let even = Tensor(shape: half) { even in
            odd.withUnsafeMutableBufferPointer { odd in
                withUnsafeBufferPointer { x in
                    for i in 0..<count {
                        even[i] = x[2 * i]
                        odd[i] = x[2 * i + 1]
                    }
                }
            }
        }
        return (even, odd)
    }
}
