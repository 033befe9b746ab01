import Tensor

// The vector loops over a row of logits, each on its own and never inlined: whoever reads lanes in the same function
// drags shuffles into the loop. All take whole blocks of 64 logits.

/// Lane maxima of each block. `bad` gets, lane by lane, the number of logits that are NaN or +∞.
@inline(never)
func blockMaxima(
    _ l: UnsafePointer<Float>, blocks: Int, _ maxima: UnsafeMutablePointer<Float>,
    bad lanes: UnsafeMutablePointer<Float>
) {
    let infinity = SIMD16<Float>(repeating: .infinity), one = SIMD16<Float>(repeating: 1)
    var bad = loadVector(UnsafePointer(lanes))
    for block in 0..<blocks {
        let a = loadVector(l + 64 * block), b = loadVector(l + 64 * block + 16)
        let c = loadVector(l + 64 * block + 32), d = loadVector(l + 64 * block + 48)
        bad += one.replacing(with: 0, where: a .< infinity)
        bad += one.replacing(with: 0, where: b .< infinity)
        bad += one.replacing(with: 0, where: c .< infinity)
        bad += one.replacing(with: 0, where: d .< infinity)
        let ab = a.replacing(with: b, where: b .> a), cd = c.replacing(with: d, where: d .> c)
        storeVector(ab.replacing(with: cd, where: cd .> ab), maxima + 16 * block)
    }
    storeVector(bad, lanes)
}

/// The largest of sixteen lanes, of each of `count` vectors.
@inline(never)
func reduceMaxima(_ lanes: UnsafePointer<Float>, count: Int, into maxima: UnsafeMutablePointer<Float>) {
    for i in 0..<count {
        let v = loadVector(lanes + 16 * i)
        let a = v.lowHalf.replacing(with: v.highHalf, where: v.highHalf .> v.lowHalf)
        let b = a.lowHalf.replacing(with: a.highHalf, where: a.highHalf .> a.lowHalf)
        maxima[i] = max(max(b[0], b[1]), max(b[2], b[3]))
    }
}

/// How a logit becomes y = (l − l₀)·log₂e/T ≤ 0, so that e = 2^y; 0 below y = −126.
struct Exponent {
    /// l₀, the largest logit.
    var largest: Float
    /// log₂e/T.
    var scale: Float

    @inline(__always)
    func callAsFunction(_ l: SIMD16<Float>) -> SIMD16<Float> {
        let y = (l - SIMD16(repeating: largest)) * SIMD16(repeating: scale)
        return y.replacing(with: -150, where: y .< -150)
    }
}

/// Lane sums of e, e·y and e².
@inline(never)
func sumExponentials(
    _ l: UnsafePointer<Float>, blocks: Int, _ exponent: Exponent, into sums: UnsafeMutablePointer<Float>
) {
    var total = SIMD16<Float>(repeating: 0), weighted = total, squares = total
    for vector in 0..<4 * blocks {
        let y = exponent(loadVector(l + 16 * vector))
        let e = Float.exponentialBase2NotAboveOne(y)
        total += e
        weighted.addProduct(e, y)
        squares.addProduct(e, e)
    }
    storeVector(total, sums)
    storeVector(weighted, sums + 16)
    storeVector(squares, sums + 32)
}

/// Lane sums of −p·log(p + offset).
@inline(never)
func sumEntropy(
    _ l: UnsafePointer<Float>, blocks: Int, _ exponent: Exponent, inverseTotal: Float, offset: Float,
    into sums: UnsafeMutablePointer<Float>
) {
    var total = SIMD16<Float>(repeating: 0)
    let inverseTotal = SIMD16<Float>(repeating: inverseTotal), offset = SIMD16<Float>(repeating: offset)
    for vector in 0..<4 * blocks {
        let p = Float.exponentialBase2NotAboveOne(exponent(loadVector(l + 16 * vector))) * inverseTotal
        total -= p * Float.logarithm(p + offset)
    }
    storeVector(total, sums)
}

/// e of each token.
@inline(never)
func exponentials(_ l: UnsafePointer<Float>, blocks: Int, _ exponent: Exponent, into e: UnsafeMutablePointer<Float>) {
    for vector in 0..<4 * blocks {
        storeVector(Float.exponentialBase2NotAboveOne(exponent(loadVector(l + 16 * vector))), e + 16 * vector)
    }
}

/// Lane counts of the logits from `threshold` up, and lane minima of these.
@inline(never)
func countAndMinimum(
    _ l: UnsafePointer<Float>, blocks: Int, from threshold: Float, into lanes: UnsafeMutablePointer<Float>
) {
    let one = SIMD16<Float>(repeating: 1), threshold = SIMD16<Float>(repeating: threshold)
    var count = loadVector(UnsafePointer(lanes)), minimum = loadVector(UnsafePointer(lanes + 16))
    for vector in 0..<4 * blocks {
        let x = loadVector(l + 16 * vector)
        let isIn = x .>= threshold
        count += SIMD16<Float>(repeating: 0).replacing(with: one, where: isIn)
        minimum = minimum.replacing(with: x, where: isIn .& (x .< minimum))
    }
    storeVector(count, lanes)
    storeVector(minimum, lanes + 16)
}

/// Bin of each token, by its depth below l₀: rounded depth·factor, at most `lastBin`, and one more for a logit below
/// `threshold`.
@inline(never)
func depthBins(
    _ l: UnsafePointer<Float>, blocks: Int, largest: Float, factor: Float, lastBin: Float, threshold: Float,
    into bins: UnsafeMutablePointer<Int32>
) {
    // Adding 1.5·2²³ rounds to a whole number and leaves it in the low bits.
    let rounding = SIMD16<Float>(repeating: 12_582_912), largest = SIMD16<Float>(repeating: largest)
    let factor = SIMD16<Float>(repeating: factor), lastBin = SIMD16<Float>(repeating: lastBin), beyond = lastBin + 1
    for vector in 0..<4 * blocks {
        let x = loadVector(l + 16 * vector)
        let position = (largest - x) * factor
        let bin = position.replacing(with: lastBin, where: position .> lastBin).replacing(
            with: beyond, where: x .< threshold)
        let bits =
            unsafeBitCast(bin + rounding, to: SIMD16<Int32>.self) &- unsafeBitCast(rounding, to: SIMD16<Int32>.self)
        UnsafeMutableRawPointer(bins + 16 * vector).storeBytes(of: bits, as: SIMD16<Int32>.self)
    }
}

/// Adds each token's mass and 1 to its bin. There are two copies of the bins, side by side, so that neighbours in the
/// row rarely wait for each other.
@inline(never)
func scatter(
    _ e: UnsafePointer<Float>, _ indices: UnsafePointer<Int32>, count: Int,
    into bins: UnsafeMutablePointer<SIMD2<Double>>
) {
    for i in stride(from: 0, to: count, by: 2) {
        bins[2 * Int(indices[i])] += SIMD2(Double(e[i]), 1)
        bins[2 * Int(indices[i + 1]) + 1] += SIMD2(Double(e[i + 1]), 1)
    }
}

/// Numbers of the tokens of one block from `threshold` up, appended at `found` without a branch; how many.
@inline(__always)
func gatherBlock(
    _ l: UnsafePointer<Float>, from threshold: Float, firstToken: Int, into found: UnsafeMutablePointer<UInt32>
) -> Int {
    var count = 0
    for i in 0..<64 {
        found[count] = UInt32(truncatingIfNeeded: firstToken &+ i)
        count &+= l[i] >= threshold ? 1 : 0
    }
    return count
}

/// Numbers of the tokens whose index is `bin`; how many.
@inline(never)
func gatherBin(
    _ indices: UnsafePointer<Int32>, blocks: Int, bin: Int32, into found: UnsafeMutablePointer<UInt32>
) -> Int {
    var count = 0
    let bin = SIMD16<Int32>(repeating: bin)
    for block in 0..<blocks {
        let p = UnsafeRawPointer(indices + 64 * block)
        let a = p.loadUnaligned(as: SIMD16<Int32>.self) ^ bin,
            b = p.loadUnaligned(fromByteOffset: 64, as: SIMD16<Int32>.self) ^ bin
        let c = p.loadUnaligned(fromByteOffset: 128, as: SIMD16<Int32>.self) ^ bin
        let d = p.loadUnaligned(fromByteOffset: 192, as: SIMD16<Int32>.self) ^ bin
        let zero = SIMD16<Int32>.zero
        if !any((a .== zero) .| (b .== zero) .| (c .== zero) .| (d .== zero)) { continue }
        for i in 0..<64 {
            found[count] = UInt32(truncatingIfNeeded: 64 * block + i)
            count &+= indices[64 * block + i] == bin[0] ? 1 : 0
        }
    }
    return count
}

/// Sum of sixteen lanes, in Double.
@inline(never)
func laneTotal(_ lanes: UnsafePointer<Float>) -> Double {
    let v = loadVector(lanes)
    let a = v.lowHalf + v.highHalf
    let b = a.lowHalf + a.highHalf
    return (Double(b[0]) + Double(b[1])) + (Double(b[2]) + Double(b[3]))
}
