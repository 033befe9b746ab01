import Tensor

// x·Wᵀ for small matrices whose weights are Float already: lanes run over outputs, and the inputs are added one after
// the other, so that no sums of lanes are needed and a row's bits depend on that row and W alone, however many rows x
// has.

/// Outputs of a panel: four vectors.
private let panelOutputs = 64
/// Inputs that are added at once: their part of a panel, 32 KB, stays in the first-level cache for all rows.
private let inputsPerPiece = 128
/// Rows that a thread takes at once.
private let rowsPerBlock = 64

/// A small matrix as Float, panel by panel: for 64 outputs the weights of the first input, of the second, and so on.
struct PackedWeights: Sendable {
    private let outputs: Int, inputs: Int
    /// [panels, inputs, 64]; outputs that the last panel lacks are zeros.
    private let panels: Tensor<Float>

    init(_ bytes: WeightBytes) {
        let rows = bytes.rows, columns = bytes.columns
        (outputs, inputs) = (rows, columns)
        var line = Tensor<Float>(shape: [columns]) { _ in }
        panels = Tensor(shape: [(rows + panelOutputs - 1) / panelOutputs, columns, panelOutputs]) { panels in
            panels.update(repeating: 0)
            for row in 0..<rows {
                let weights = line.mutablePointer()
                bytes.decodeMatrixRow(row, into: weights)
                let start = row / panelOutputs * columns * panelOutputs + row % panelOutputs
                for column in 0..<columns { panels[start + column * panelOutputs] = weights[column] }
            }
        }
    }

    /// `y ← x·Wᵀ`, x: [R, inputs], y: [R, outputs].
    func setProduct(_ y: UnsafeMutablePointer<Float>, _ x: Tensor<Float>) {
        let outputs = outputs, inputs = inputs, rows = x.rows
        withPointers(to: x, panels) { x, panels in
            // Threads read x and the panels, and write disjoint rows of y.
            nonisolated(unsafe) let source = x, target = y, weights = panels
            Parallel.forEachBlock(of: rows, blockSize: rowsPerBlock) { block in
                setRows(
                    block.count, source + block.lowerBound * inputs, weights, target + block.lowerBound * outputs,
                    inputs: inputs, outputs: outputs)
            }
        }
    }
}

/// Some rows of y, panel after panel.
private func setRows(
    _ rows: Int, _ x: UnsafePointer<Float>, _ panels: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    inputs: Int, outputs: Int
) {
    for first in stride(from: 0, to: outputs, by: panelOutputs) {
        let panel = panels + first * inputs, width = min(panelOutputs, outputs - first)
        if width == panelOutputs {
            setPanel(rows, x, panel, y + first, stride: outputs, inputs: inputs)
        } else {
            // A panel that is not full has more columns than y has room for.
            withUnsafeTemporaryAllocation(byteCount: rows * panelOutputs * 4, alignment: 64) { memory in
                guard let sums = memory.bindMemory(to: Float.self).baseAddress else { return }
                setPanel(rows, x, panel, sums, stride: panelOutputs, inputs: inputs)
                for row in 0..<rows {
                    (y + row * outputs + first).update(from: sums + row * panelOutputs, count: width)
                }
            }
        }
    }
}

/// 64 columns of some rows of y.
private func setPanel(
    _ rows: Int, _ x: UnsafePointer<Float>, _ panel: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    stride: Int, inputs: Int
) {
    for first in Swift.stride(from: 0, to: inputs, by: inputsPerPiece) {
        let count = min(inputsPerPiece, inputs - first), x = x + first, weights = panel + first * panelOutputs
        var row = 0
        while row + 6 <= rows {
            addInputs6(x + row * inputs, inputs, count, weights, y + row * stride, stride, isFirst: first == 0)
            row += 6
        }
        while row + 2 <= rows {
            addInputs2(x + row * inputs, inputs, count, weights, y + row * stride, stride, isFirst: first == 0)
            row += 2
        }
        if row < rows {
            addInputs1(x + row * inputs, inputs, count, weights, y + row * stride, stride, isFirst: first == 0)
        }
    }
}

/// Sums of a row with the four vectors of a panel.
private struct RowSums {
    var a = SIMD16<Float>.zero, b = SIMD16<Float>.zero, c = SIMD16<Float>.zero, d = SIMD16<Float>.zero

    @inline(__always)
    init(_ y: UnsafeMutablePointer<Float>, isFirst: Bool) {
        if !isFirst {
            (a, b) = (loadVector(UnsafePointer(y)), loadVector(UnsafePointer(y + 16)))
            (c, d) = (loadVector(UnsafePointer(y + 32)), loadVector(UnsafePointer(y + 48)))
        }
    }

    @inline(__always)
    mutating func add(_ x: Float, _ a: SIMD16<Float>, _ b: SIMD16<Float>, _ c: SIMD16<Float>, _ d: SIMD16<Float>) {
        let x = SIMD16<Float>(repeating: x)
        self.a.addProduct(x, a)
        self.b.addProduct(x, b)
        self.c.addProduct(x, c)
        self.d.addProduct(x, d)
    }

    @inline(__always)
    func store(_ y: UnsafeMutablePointer<Float>) {
        storeVector(a, y)
        storeVector(b, y + 16)
        storeVector(c, y + 32)
        storeVector(d, y + 48)
    }
}

/// `y[r, o] (+)= Σ over inputs of x[r, i]·w[i, o]` for up to six rows and 64 outputs.
///
/// - Parameter rows: 1 to 6; a constant wherever this is inlined, so that unused sums vanish.
@inline(__always)
private func addInputs(
    rows: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ count: Int, _ weights: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>, _ yStride: Int, isFirst: Bool
) {
    let y1 = rows > 1 ? y + yStride : y, y2 = rows > 2 ? y1 + yStride : y, y3 = rows > 3 ? y2 + yStride : y
    let y4 = rows > 4 ? y3 + yStride : y, y5 = rows > 5 ? y4 + yStride : y
    var s0 = RowSums(y, isFirst: isFirst), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0
    if rows > 1 { s1 = RowSums(y1, isFirst: isFirst) }
    if rows > 2 { s2 = RowSums(y2, isFirst: isFirst) }
    if rows > 3 { s3 = RowSums(y3, isFirst: isFirst) }
    if rows > 4 { s4 = RowSums(y4, isFirst: isFirst) }
    if rows > 5 { s5 = RowSums(y5, isFirst: isFirst) }
    let x1 = x + xStride, x2 = x1 + xStride, x3 = x2 + xStride, x4 = x3 + xStride, x5 = x4 + xStride
    var w = weights
    for i in 0..<count {
        let a = loadVector(w), b = loadVector(w + 16), c = loadVector(w + 32), d = loadVector(w + 48)
        s0.add(x[i], a, b, c, d)
        if rows > 1 { s1.add(x1[i], a, b, c, d) }
        if rows > 2 { s2.add(x2[i], a, b, c, d) }
        if rows > 3 { s3.add(x3[i], a, b, c, d) }
        if rows > 4 { s4.add(x4[i], a, b, c, d) }
        if rows > 5 { s5.add(x5[i], a, b, c, d) }
        w += panelOutputs
    }
    s0.store(y)
    if rows > 1 { s1.store(y1) }
    if rows > 2 { s2.store(y2) }
    if rows > 3 { s3.store(y3) }
    if rows > 4 { s4.store(y4) }
    if rows > 5 { s5.store(y5) }
}

// One loop for each number of rows, never inlined, so that nothing else disturbs its registers.

@inline(never)
private func addInputs6(
    _ x: UnsafePointer<Float>, _ xStride: Int, _ count: Int, _ w: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>,
    _ yStride: Int, isFirst: Bool
) { addInputs(rows: 6, x, xStride, count, w, y, yStride, isFirst: isFirst) }

@inline(never)
private func addInputs2(
    _ x: UnsafePointer<Float>, _ xStride: Int, _ count: Int, _ w: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>,
    _ yStride: Int, isFirst: Bool
) { addInputs(rows: 2, x, xStride, count, w, y, yStride, isFirst: isFirst) }

@inline(never)
private func addInputs1(
    _ x: UnsafePointer<Float>, _ xStride: Int, _ count: Int, _ w: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>,
    _ yStride: Int, isFirst: Bool
) { addInputs(rows: 1, x, xStride, count, w, y, yStride, isFirst: isFirst) }
