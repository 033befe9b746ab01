import Tensor

// Dot products of a query with keys, and weighted sums of values: the two loops of attention. Both read `count` rows of
// `size` numbers that lie one after another, `stride` apart.

/// `scores[t] = scale · Σ_i query[i]·keys[t, i]`.
///
/// - Parameter lanes: room for 16·count numbers. The lanes' sums are taken in a second loop, for shuffles inside the
///   first would make it several times slower.
@inline(__always)
func dotProducts(
    _ query: UnsafePointer<Float>, keys: UnsafePointer<Float>, stride: Int, size: Int, count: Int, scale: Float,
    lanes: UnsafeMutablePointer<Float>, into scores: UnsafeMutablePointer<Float>
) {
    laneProducts(query, keys, stride, size, count, lanes)
    reduceLanes(query, keys, stride, size, count, scale, lanes, scores)
}

@inline(never)
private func laneProducts(
    _ query: UnsafePointer<Float>, _ keys: UnsafePointer<Float>, _ stride: Int, _ size: Int, _ count: Int,
    _ lanes: UnsafeMutablePointer<Float>
) {
    let whole = size & ~15
    var t = 0
    while t + 4 <= count {
        let k0 = keys + t * stride, k1 = k0 + stride, k2 = k1 + stride, k3 = k2 + stride
        var s0 = SIMD16<Float>.zero, s1 = s0, s2 = s0, s3 = s0, i = 0
        while i < whole {
            let q = loadVector(query + i)
            s0 = s0.addingProduct(q, loadVector(k0 + i))
            s1 = s1.addingProduct(q, loadVector(k1 + i))
            s2 = s2.addingProduct(q, loadVector(k2 + i))
            s3 = s3.addingProduct(q, loadVector(k3 + i))
            i += 16
        }
        storeVector(s0, lanes + t * 16)
        storeVector(s1, lanes + t * 16 + 16)
        storeVector(s2, lanes + t * 16 + 32)
        storeVector(s3, lanes + t * 16 + 48)
        t += 4
    }
    while t < count {
        var s = SIMD16<Float>.zero, i = 0
        while i < whole {
            s = s.addingProduct(loadVector(query + i), loadVector(keys + t * stride + i))
            i += 16
        }
        storeVector(s, lanes + t * 16)
        t += 1
    }
}

/// Adds up the lanes, and the elements beyond the last whole vector.
@inline(never)
private func reduceLanes(
    _ query: UnsafePointer<Float>, _ keys: UnsafePointer<Float>, _ stride: Int, _ size: Int, _ count: Int, _ scale: Float,
    _ lanes: UnsafePointer<Float>, _ scores: UnsafeMutablePointer<Float>
) {
    for t in 0..<count {
        var sum = laneSum(loadVector(lanes + t * 16))
        for i in (size & ~15)..<size { sum += query[i] * keys[t * stride + i] }
        scores[t] = sum * scale
    }
}

/// `result[i] += Σ_t weights[t]·values[t, i]`.
@inline(never)
func addWeighted(
    _ values: UnsafePointer<Float>, stride: Int, size: Int, count: Int, weights: UnsafePointer<Float>,
    to result: UnsafeMutablePointer<Float>
) {
    var i = 0
    while i + 64 <= size {
        let y = result + i
        var s0 = loadVector(UnsafePointer(y)), s1 = loadVector(UnsafePointer(y + 16))
        var s2 = loadVector(UnsafePointer(y + 32)), s3 = loadVector(UnsafePointer(y + 48))
        for t in 0..<count {
            let v = values + t * stride + i, w = SIMD16<Float>(repeating: weights[t])
            s0 = s0.addingProduct(w, loadVector(v))
            s1 = s1.addingProduct(w, loadVector(v + 16))
            s2 = s2.addingProduct(w, loadVector(v + 32))
            s3 = s3.addingProduct(w, loadVector(v + 48))
        }
        storeVector(s0, y)
        storeVector(s1, y + 16)
        storeVector(s2, y + 32)
        storeVector(s3, y + 48)
        i += 64
    }
    while i + 16 <= size {
        var s = loadVector(UnsafePointer(result + i))
        for t in 0..<count { s = s.addingProduct(SIMD16(repeating: weights[t]), loadVector(values + t * stride + i)) }
        storeVector(s, result + i)
        i += 16
    }
    while i < size {
        for t in 0..<count { result[i] += weights[t] * values[t * stride + i] }
        i += 1
    }
}

/// `x ← e^x / (Σ e^x + e^sink)`, softmax over the numbers and a sink that takes its part and is dropped.
///
/// - Parameter sink: −∞ where there is none.
@inline(never)
func softmaxInPlace(_ x: UnsafeMutablePointer<Float>, _ count: Int, sink: Float) {
    let maximum = max(sink, largest(x, count))
    var total = SIMD16<Float>.zero, i = 0
    while i + 16 <= count {
        let e = Float.exponential(loadVector(UnsafePointer(x + i)) - maximum)
        storeVector(e, x + i)
        total += e
        i += 16
    }
    if i < count {
        let e = Float.exponential(loadLanes(UnsafePointer(x + i), count - i, padding: -.infinity) - maximum)
        storeLanes(e, x + i, count - i)
        total += e
    }
    let factor = 1 / (sumOfLanes(total) + Float.exponential(sink - maximum))
    for i in 0..<count { x[i] *= factor }
}

@inline(never)
private func largest(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
    var lanes = SIMD16<Float>(repeating: -.infinity), i = 0
    while i + 16 <= count {
        let v = loadVector(x + i)
        lanes = lanes.replacing(with: v, where: v .> lanes)
        i += 16
    }
    var maximum = largestLane(lanes)
    while i < count {
        if x[i] > maximum { maximum = x[i] }
        i += 1
    }
    return maximum
}

/// In a function of its own, as `sumOfLanes`.
@inline(never)
private func largestLane(_ lanes: SIMD16<Float>) -> Float {
    var maximum = lanes[0]
    for lane in 1..<16 where lanes[lane] > maximum { maximum = lanes[lane] }
    return maximum
}
