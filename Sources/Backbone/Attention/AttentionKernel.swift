import Tensor

// The loops of attention: dot products of a query with keys, softmax, and weighted sums of values. Keys and values are
// `count` rows of `size` numbers that lie one after another, `stride` apart.

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
    _ query: UnsafePointer<Float>, _ keys: UnsafePointer<Float>, _ stride: Int, _ size: Int, _ count: Int,
    _ scale: Float,
    _ lanes: UnsafePointer<Float>, _ scores: UnsafeMutablePointer<Float>
) {
    for t in 0..<count {
        var sum = laneSum(loadVector(lanes + t * 16))
        for i in (size & ~15)..<size { sum += query[i] * keys[t * stride + i] }
        scores[t] = sum * scale
    }
}

/// `result[i] += Σ_t weights[t]·values[t, i]`, values `stride` apart.
@inline(__always)
func addWeighted(
    _ values: UnsafePointer<Float>, stride: Int, size: Int, count: Int, weights: UnsafePointer<Float>,
    to result: UnsafeMutablePointer<Float>
) {
    var i = 0
    while i + 64 <= size {
        addWeighted64(values + i, stride, count, weights, result + i)
        i += 64
    }
    if i + 32 <= size {
        addWeighted32(values + i, stride, count, weights, result + i)
        i += 32
    }
    if i < size { addWeightedRest(values + i, stride, size - i, count, weights, result + i) }
}

/// Four vectors, even and odd positions in sums of their own, so that additions need not wait for each other.
@inline(never)
private func addWeighted64(
    _ values: UnsafePointer<Float>, _ stride: Int, _ count: Int, _ weights: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>
) {
    var s0 = loadVector(UnsafePointer(y)), s1 = loadVector(UnsafePointer(y + 16))
    var s2 = loadVector(UnsafePointer(y + 32)), s3 = loadVector(UnsafePointer(y + 48))
    var r0 = SIMD16<Float>.zero, r1 = r0, r2 = r0, r3 = r0
    var t = 0, v = values
    while t + 2 <= count {
        let a = SIMD16<Float>(repeating: weights[t]), b = SIMD16<Float>(repeating: weights[t + 1]), u = v + stride
        s0.addProduct(a, loadVector(v))
        s1.addProduct(a, loadVector(v + 16))
        s2.addProduct(a, loadVector(v + 32))
        s3.addProduct(a, loadVector(v + 48))
        r0.addProduct(b, loadVector(u))
        r1.addProduct(b, loadVector(u + 16))
        r2.addProduct(b, loadVector(u + 32))
        r3.addProduct(b, loadVector(u + 48))
        t += 2
        v = u + stride
    }
    if t < count {
        let a = SIMD16<Float>(repeating: weights[t])
        s0.addProduct(a, loadVector(v))
        s1.addProduct(a, loadVector(v + 16))
        s2.addProduct(a, loadVector(v + 32))
        s3.addProduct(a, loadVector(v + 48))
    }
    storeVector(s0 + r0, y)
    storeVector(s1 + r1, y + 16)
    storeVector(s2 + r2, y + 32)
    storeVector(s3 + r3, y + 48)
}

/// Two vectors, every fourth position in sums of their own.
@inline(never)
private func addWeighted32(
    _ values: UnsafePointer<Float>, _ stride: Int, _ count: Int, _ weights: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>
) {
    var a0 = loadVector(UnsafePointer(y)), a1 = loadVector(UnsafePointer(y + 16))
    var b0 = SIMD16<Float>.zero, b1 = b0, c0 = b0, c1 = b0, d0 = b0, d1 = b0
    var t = 0, v = values
    while t + 4 <= count {
        let v1 = v + stride, v2 = v1 + stride, v3 = v2 + stride
        let a = SIMD16<Float>(repeating: weights[t]), b = SIMD16<Float>(repeating: weights[t + 1])
        let c = SIMD16<Float>(repeating: weights[t + 2]), d = SIMD16<Float>(repeating: weights[t + 3])
        a0.addProduct(a, loadVector(v))
        a1.addProduct(a, loadVector(v + 16))
        b0.addProduct(b, loadVector(v1))
        b1.addProduct(b, loadVector(v1 + 16))
        c0.addProduct(c, loadVector(v2))
        c1.addProduct(c, loadVector(v2 + 16))
        d0.addProduct(d, loadVector(v3))
        d1.addProduct(d, loadVector(v3 + 16))
        t += 4
        v = v3 + stride
    }
    while t < count {
        let a = SIMD16<Float>(repeating: weights[t])
        a0.addProduct(a, loadVector(v))
        a1.addProduct(a, loadVector(v + 16))
        t += 1
        v += stride
    }
    storeVector((a0 + b0) + (c0 + d0), y)
    storeVector((a1 + b1) + (c1 + d1), y + 16)
}

/// Less than 32 elements.
@inline(never)
private func addWeightedRest(
    _ values: UnsafePointer<Float>, _ stride: Int, _ size: Int, _ count: Int, _ weights: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>
) {
    var i = 0
    if size >= 16 {
        var s = loadVector(UnsafePointer(y))
        for t in 0..<count { s.addProduct(SIMD16(repeating: weights[t]), loadVector(values + t * stride)) }
        storeVector(s, y)
        i = 16
    }
    while i < size {
        for t in 0..<count { y[i] += weights[t] * values[t * stride + i] }
        i += 1
    }
}

/// Scores lower than that below the largest count as that: e^−60 is nothing beside 1, and far from subnormal numbers,
/// which are slow.
private let leastExponent: Float = -60

/// `x ← e^x / (Σ e^x + e^sink)`, softmax over the numbers and a sink that takes its part and is dropped.
///
/// - Parameters:
///   - x: `count` numbers, and room for 15 more, which get written.
///   - sink: −∞ where there is none.
@inline(never)
func softmaxInPlace(_ x: UnsafeMutablePointer<Float>, _ count: Int, sink: Float) {
    // The last number stands in for what fills up the last vector: it changes no maximum.
    let padded = (count + 15) & ~15, last = x[count - 1]
    for i in count..<padded { x[i] = last }
    let maximum = max(sink, largest(x, padded))
    // What fills up counts nothing in a sum of at least 1.
    for i in count..<padded { x[i] = maximum + leastExponent }
    let total = exponentialsInPlace(x, padded, below: maximum)
    let factor = SIMD16<Float>(repeating: 1 / (total + (sink > -.infinity ? Float.exponential(sink - maximum) : 0)))
    var i = 0
    while i < padded {
        storeVector(loadVector(UnsafePointer(x + i)) * factor, x + i)
        i += 16
    }
}

/// `x ← e^(x − maximum)`; their sum.
@inline(never)
private func exponentialsInPlace(_ x: UnsafeMutablePointer<Float>, _ count: Int, below maximum: Float) -> Float {
    var total = SIMD16<Float>.zero, i = 0
    let lowest = SIMD16<Float>(repeating: leastExponent)
    while i < count {
        let e = Float.exponential(Float.maximum(loadVector(UnsafePointer(x + i)) - maximum, lowest))
        storeVector(e, x + i)
        total += e
        i += 16
    }
    return sumOfLanes(total)
}

@inline(never)
private func largest(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
    var lanes = loadVector(x), i = 16
    while i < count {
        lanes = Float.maximum(lanes, loadVector(x + i))
        i += 16
    }
    return largestLane(lanes)
}

/// In a function of its own, as `sumOfLanes`.
@inline(never)
private func largestLane(_ lanes: SIMD16<Float>) -> Float {
    let a = lanes.lowHalf.replacing(with: lanes.highHalf, where: lanes.highHalf .> lanes.lowHalf)
    let b = a.lowHalf.replacing(with: a.highHalf, where: a.highHalf .> a.lowHalf)
    return max(max(b[0], b[1]), max(b[2], b[3]))
}
