import Tensor

// The register tile of x·Wᵀ: four rows of W times up to four rows of x, sixteen sums of sixteen lanes.
//
// The sums of a pair of rows take the steps along the columns one after the other, whatever else is in the tile and
// however the columns are cut into calls: that is why a result's bits do not depend on its neighbours.

/// How 32 weights of a step come from memory into two vectors.
protocol WeightLanes {
    static func load(_ line: UnsafeRawPointer, step: Int) -> (SIMD16<Float>, SIMD16<Float>)
}

/// BF16 pairs in words: a shift gives the even places, a mask the odd ones.
enum BrainFloatLanes: WeightLanes {
    @inline(__always)
    static func load(_ line: UnsafeRawPointer, step: Int) -> (SIMD16<Float>, SIMD16<Float>) {
        let pairs = line.loadUnaligned(fromByteOffset: step &* 64, as: SIMD16<UInt32>.self)
        return (
            unsafeBitCast(pairs &<< 16, to: SIMD16<Float>.self),
            unsafeBitCast(pairs & 0xFFFF_0000, to: SIMD16<Float>.self)
        )
    }
}

enum FloatLanes: WeightLanes {
    @inline(__always)
    static func load(_ line: UnsafeRawPointer, step: Int) -> (SIMD16<Float>, SIMD16<Float>) {
        (
            line.loadUnaligned(fromByteOffset: step &* 128, as: SIMD16<Float>.self),
            line.loadUnaligned(fromByteOffset: step &* 128 &+ 64, as: SIMD16<Float>.self)
        )
    }
}

/// Where the four rows of W of a tile lie.
struct TileLines {
    var a, b, c, d: UnsafeRawPointer
}

/// `sums[r, w] += Σ over steps of x[r]·W[w]`, lane by lane. Sums lie in memory as [4 rows of x, 4 rows of W, 16 lanes].
///
/// - Parameters:
///   - rows: rows of x, 1 to 4; a constant wherever this is inlined, so that unused sums vanish.
///   - converted: where to put the four lines as Float too, one behind the other, for the tiles that follow.
@inline(__always)
private func addTile<Lanes: WeightLanes>(
    _: Lanes.Type, rows: Int, _ lines: TileLines, _ x: UnsafePointer<Float>, _ stride: Int, _ steps: Int,
    _ sums: UnsafeMutablePointer<Float>, converted: UnsafeMutablePointer<Float>? = nil
) {
    let x0 = x, x1 = x + stride, x2 = x + 2 &* stride, x3 = x + 3 &* stride
    let (a, b, c, d) = (lines.a, lines.b, lines.c, lines.d)
    var a0 = loadVector(sums), b0 = loadVector(sums + 16), c0 = loadVector(sums + 32), d0 = loadVector(sums + 48)
    var a1 = a0, b1 = a0, c1 = a0, d1 = a0, a2 = a0, b2 = a0, c2 = a0, d2 = a0, a3 = a0, b3 = a0, c3 = a0, d3 = a0
    if rows > 1 {
        (a1, b1, c1, d1) = (loadVector(sums + 64), loadVector(sums + 80), loadVector(sums + 96), loadVector(sums + 112))
    }
    if rows > 2 {
        (a2, b2, c2, d2) = (
            loadVector(sums + 128), loadVector(sums + 144), loadVector(sums + 160), loadVector(sums + 176)
        )
    }
    if rows > 3 {
        (a3, b3, c3, d3) = (
            loadVector(sums + 192), loadVector(sums + 208), loadVector(sums + 224), loadVector(sums + 240)
        )
    }
    for step in 0..<steps {
        let (aLow, aHigh) = Lanes.load(a, step: step), (bLow, bHigh) = Lanes.load(b, step: step)
        let (cLow, cHigh) = Lanes.load(c, step: step), (dLow, dHigh) = Lanes.load(d, step: step)
        let place = step &* 32
        if let converted {
            let b = converted + steps &* 32, c = converted + steps &* 64, d = converted + steps &* 96
            storeVector(aLow, converted + place)
            storeVector(aHigh, converted + (place &+ 16))
            storeVector(bLow, b + place)
            storeVector(bHigh, b + (place &+ 16))
            storeVector(cLow, c + place)
            storeVector(cHigh, c + (place &+ 16))
            storeVector(dLow, d + place)
            storeVector(dHigh, d + (place &+ 16))
        }
        let low0 = loadVector(x0 + place), high0 = loadVector(x0 + (place &+ 16))
        a0.addProduct(aLow, low0)
        b0.addProduct(bLow, low0)
        c0.addProduct(cLow, low0)
        d0.addProduct(dLow, low0)
        a0.addProduct(aHigh, high0)
        b0.addProduct(bHigh, high0)
        c0.addProduct(cHigh, high0)
        d0.addProduct(dHigh, high0)
        if rows > 1 {
            let low1 = loadVector(x1 + place), high1 = loadVector(x1 + (place &+ 16))
            a1.addProduct(aLow, low1)
            b1.addProduct(bLow, low1)
            c1.addProduct(cLow, low1)
            d1.addProduct(dLow, low1)
            a1.addProduct(aHigh, high1)
            b1.addProduct(bHigh, high1)
            c1.addProduct(cHigh, high1)
            d1.addProduct(dHigh, high1)
        }
        if rows > 2 {
            let low2 = loadVector(x2 + place), high2 = loadVector(x2 + (place &+ 16))
            a2.addProduct(aLow, low2)
            b2.addProduct(bLow, low2)
            c2.addProduct(cLow, low2)
            d2.addProduct(dLow, low2)
            a2.addProduct(aHigh, high2)
            b2.addProduct(bHigh, high2)
            c2.addProduct(cHigh, high2)
            d2.addProduct(dHigh, high2)
        }
        if rows > 3 {
            let low3 = loadVector(x3 + place), high3 = loadVector(x3 + (place &+ 16))
            a3.addProduct(aLow, low3)
            b3.addProduct(bLow, low3)
            c3.addProduct(cLow, low3)
            d3.addProduct(dLow, low3)
            a3.addProduct(aHigh, high3)
            b3.addProduct(bHigh, high3)
            c3.addProduct(cHigh, high3)
            d3.addProduct(dHigh, high3)
        }
    }
    func store(_ row: Int, _ a: SIMD16<Float>, _ b: SIMD16<Float>, _ c: SIMD16<Float>, _ d: SIMD16<Float>) {
        let target = sums + row &* 64
        storeVector(a, target)
        storeVector(b, target + 16)
        storeVector(c, target + 32)
        storeVector(d, target + 48)
    }
    store(0, a0, b0, c0, d0)
    if rows > 1 { store(1, a1, b1, c1, d1) }
    if rows > 2 { store(2, a2, b2, c2, d2) }
    if rows > 3 { store(3, a3, b3, c3, d3) }
}

// One loop for each type and number of rows, never inlined, so that nothing else disturbs its registers.

@inline(never)
private func addBrainFloat1(
    _ l: TileLines, _ x: UnsafePointer<Float>, _ stride: Int, _ n: Int, _ s: UnsafeMutablePointer<Float>
) {
    addTile(BrainFloatLanes.self, rows: 1, l, x, stride, n, s)
}
@inline(never)
private func addBrainFloat2(
    _ l: TileLines, _ x: UnsafePointer<Float>, _ stride: Int, _ n: Int, _ s: UnsafeMutablePointer<Float>
) {
    addTile(BrainFloatLanes.self, rows: 2, l, x, stride, n, s)
}
@inline(never)
private func addBrainFloat3(
    _ l: TileLines, _ x: UnsafePointer<Float>, _ stride: Int, _ n: Int, _ s: UnsafeMutablePointer<Float>
) {
    addTile(BrainFloatLanes.self, rows: 3, l, x, stride, n, s)
}
@inline(never)
private func addBrainFloat4(
    _ l: TileLines, _ x: UnsafePointer<Float>, _ stride: Int, _ n: Int, _ s: UnsafeMutablePointer<Float>
) {
    addTile(BrainFloatLanes.self, rows: 4, l, x, stride, n, s)
}
@inline(never)
private func addBrainFloat4Converting(
    _ l: TileLines, _ x: UnsafePointer<Float>, _ stride: Int, _ n: Int, _ s: UnsafeMutablePointer<Float>,
    _ converted: UnsafeMutablePointer<Float>
) {
    addTile(BrainFloatLanes.self, rows: 4, l, x, stride, n, s, converted: converted)
}
@inline(never)
private func addFloat1(
    _ l: TileLines, _ x: UnsafePointer<Float>, _ stride: Int, _ n: Int, _ s: UnsafeMutablePointer<Float>
) {
    addTile(FloatLanes.self, rows: 1, l, x, stride, n, s)
}
@inline(never)
private func addFloat2(
    _ l: TileLines, _ x: UnsafePointer<Float>, _ stride: Int, _ n: Int, _ s: UnsafeMutablePointer<Float>
) {
    addTile(FloatLanes.self, rows: 2, l, x, stride, n, s)
}
@inline(never)
private func addFloat3(
    _ l: TileLines, _ x: UnsafePointer<Float>, _ stride: Int, _ n: Int, _ s: UnsafeMutablePointer<Float>
) {
    addTile(FloatLanes.self, rows: 3, l, x, stride, n, s)
}
@inline(never)
private func addFloat4(
    _ l: TileLines, _ x: UnsafePointer<Float>, _ stride: Int, _ n: Int, _ s: UnsafeMutablePointer<Float>
) {
    addTile(FloatLanes.self, rows: 4, l, x, stride, n, s)
}

/// Adds `steps` of 32 columns to the sums of four rows of W and all rows of x, four rows of x at a time.
///
/// - Parameters:
///   - brainFloat: whether the lines are BF16, otherwise they are Float.
///   - x: [rows, stride], at the first of these columns; in the order that the lanes have.
///   - sums: [rows rounded up to a multiple of 4, 4, 16].
///   - converted: room for four lines as Float: the first tile leaves BF16 there converted for the others.
func addProducts(
    brainFloat: Bool, _ lines: TileLines, _ x: UnsafePointer<Float>, rows: Int, stride: Int, steps: Int,
    _ sums: UnsafeMutablePointer<Float>, converted: UnsafeMutablePointer<Float>
) {
    var first = 0, lines = lines, brainFloat = brainFloat
    if brainFloat, rows > 4 {
        addBrainFloat4Converting(lines, x, stride, steps, sums, converted)
        let start = UnsafeRawPointer(converted), line = steps * stepSize * 4
        lines = TileLines(a: start, b: start + line, c: start + 2 * line, d: start + 3 * line)
        brainFloat = false
        first = 4
    }
    for row in Swift.stride(from: first, to: rows, by: 4) {
        let x = x + row * stride, sums = sums + row * 64
        switch (brainFloat, min(4, rows - row)) {
        case (true, 1): addBrainFloat1(lines, x, stride, steps, sums)
        case (true, 2): addBrainFloat2(lines, x, stride, steps, sums)
        case (true, 3): addBrainFloat3(lines, x, stride, steps, sums)
        case (true, _): addBrainFloat4(lines, x, stride, steps, sums)
        case (false, 1): addFloat1(lines, x, stride, steps, sums)
        case (false, 2): addFloat2(lines, x, stride, steps, sums)
        case (false, 3): addFloat3(lines, x, stride, steps, sums)
        case (false, _): addFloat4(lines, x, stride, steps, sums)
        }
    }
}

/// `y[r, w] = Σ lanes of sums[r, w]` for the first `width` of the four rows of W.
@inline(never)
func reduceSums(_ sums: UnsafePointer<Float>, rows: Int, width: Int, into y: UnsafeMutablePointer<Float>, stride: Int) {
    for row in 0..<rows {
        for w in 0..<width { y[row &* stride &+ w] = laneSum(loadVector(sums + (row &* 64 &+ w &* 16))) }
    }
}
