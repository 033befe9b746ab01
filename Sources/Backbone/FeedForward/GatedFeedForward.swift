import Tensor

/// How a block transforms each row by itself.
protocol FeedForward: Sendable {
    /// [R, D] → what is added to the residual, [R, D].
    func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float>
}

/// `(f(x·Wgᵀ) ⊙ x·Wuᵀ)·Wdᵀ` with f an activation, `f(g) = g·σ(g)` in most models; biases where the projections have
/// them.
struct GatedFeedForward: FeedForward {
    let gate: Projection, up: Projection, down: Projection
    var activation = Activation.silu

    func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> {
        let projected = Projection.all([gate, up], x)
        var inner = projected[0]
        switch activation {
        case .silu: inner.combine(with: projected[1]) { g, u, count in gateInPlace(g, u, count) }
        case .gelu: inner.combine(with: projected[1]) { g, u, count in geluGateInPlace(g, u, count) }
        }
        return down(inner)
    }
}

/// gpt_oss's expert: `((u + 1) ⊙ g·σ(α·g))·Wdᵀ + bd`, where g = min(gate, limit) and u = up clamped to ±limit.
struct ClampedFeedForward: FeedForward {
    enum Inner: Sendable {
        /// Gate and up are the even and the odd columns of one projection.
        case joined(Projection)
        case apart(gate: Projection, up: Projection)
    }

    let inner: Inner, down: Projection
    let alpha: Float, limit: Float

    func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> {
        let (gate, up) =
            switch self.inner {
            case .joined(let both): both(x).deinterleavedColumns()
            case .apart(let gate, let up): (even: gate(x), odd: up(x))
            }
        var inner = gate
        let alpha = alpha, limit = limit
        inner.combine(with: up) { g, u, count in clampedGateInPlace(g, u, count, alpha: alpha, limit: limit) }
        return down(inner)
    }
}

/// `g ← g·σ(g)·u`.
@inline(never)
private func gateInPlace(_ g: UnsafeMutablePointer<Float>, _ u: UnsafePointer<Float>, _ count: Int) {
    var i = 0
    while i + 16 <= count {
        let x = loadVector(UnsafePointer(g + i))
        storeVector(x / (1 + Float.exponential(-x)) * loadVector(u + i), g + i)
        i += 16
    }
    guard i < count else { return }
    let x = loadLanes(UnsafePointer(g + i), count - i)
    storeLanes(x / (1 + Float.exponential(-x)) * loadLanes(u + i, count - i), g + i, count - i)
}

/// `g ← g·σ(2·√(2/π)·(g + 0.044715·g³))·u`: since `(1 + tanh(z))/2 = σ(2z)`, this is GELU with its tanh.
@inline(never)
private func geluGateInPlace(_ g: UnsafeMutablePointer<Float>, _ u: UnsafePointer<Float>, _ count: Int) {
    @inline(__always) func gated(_ x: SIMD16<Float>, _ up: SIMD16<Float>) -> SIMD16<Float> {
        let slope: Float = 1.595_769_1
        let z = slope * x + (slope * 0.044_715) * (x * x * x)
        // σ is 0 to Float's precision below −60, and e^60 is finite.
        return x / (1 + Float.exponential(Float.minimum(-z, SIMD16(repeating: 60)))) * up
    }
    var i = 0
    while i + 16 <= count {
        storeVector(gated(loadVector(UnsafePointer(g + i)), loadVector(u + i)), g + i)
        i += 16
    }
    guard i < count else { return }
    storeLanes(gated(loadLanes(UnsafePointer(g + i), count - i), loadLanes(u + i, count - i)), g + i, count - i)
}

/// `g ← (u + 1)·g·σ(α·g)` of the clamped g and u.
@inline(never)
private func clampedGateInPlace(
    _ g: UnsafeMutablePointer<Float>, _ u: UnsafePointer<Float>, _ count: Int, alpha: Float, limit: Float
) {
    @inline(__always) func gated(_ gate: SIMD16<Float>, _ up: SIMD16<Float>) -> SIMD16<Float> {
        let limit = SIMD16<Float>(repeating: limit)
        let x = Float.minimum(gate, limit), u = Float.maximum(Float.minimum(up, limit), -limit)
        return (u + 1) * (x / (1 + Float.exponential(-alpha * x)))
    }
    var i = 0
    while i + 16 <= count {
        storeVector(gated(loadVector(UnsafePointer(g + i)), loadVector(u + i)), g + i)
        i += 16
    }
    guard i < count else { return }
    storeLanes(gated(loadLanes(UnsafePointer(g + i), count - i), loadLanes(u + i, count - i)), g + i, count - i)
}

extension Tensor<Float> {
    /// `body(block of self, the same block of other, its count)` for all blocks, in parallel.
    fileprivate mutating func combine(
        with other: Tensor, _ body: @Sendable (UnsafeMutablePointer<Float>, UnsafePointer<Float>, Int) -> Void
    ) {
        require(shape == other.shape, "shapes \(shape) and \(other.shape) differ")
        let count = count, own = mutablePointer()
        withPointers(to: other) { other in
            // Workers write disjoint blocks, so they may share the pointers.
            nonisolated(unsafe) let target = own, source = other
            Parallel.forEachBlock(of: count, blockSize: 1 << 15) { block in
                body(target + block.lowerBound, source + block.lowerBound, block.count)
            }
        }
    }

    /// The even and the odd columns, [R, columns/2] each.
    fileprivate func deinterleavedColumns() -> (even: Tensor, odd: Tensor) {
        let half = [rows, columns / 2], count = count / 2
        var even = Tensor(shape: half) { _ in }, odd = Tensor(shape: half) { _ in }
        let y = even.mutablePointer(), z = odd.mutablePointer()
        withPointers(to: self) { x in
            for i in 0..<count {
                y[i] = x[2 * i]
                z[i] = x[2 * i + 1]
            }
        }
        return (even, odd)
    }
}
