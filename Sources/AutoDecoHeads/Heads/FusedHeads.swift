import Autodiff
import LogitSketches
import Tensor

extension AutoDecoHeads {
    /// T̂ and P̂ of N tokens, each [N, 1], as ``predict(hidden:logits:parameters:detachesTemperature:tape:)`` gives them, but
    /// as one operation: training's way.
    ///
    /// Both heads read the same hidden states, so their first layers are one product with stacked weights, and so are the
    /// gradients of these weights; biases, relu and second layers are one pass over the result.
    ///
    /// - Parameters:
    ///   - hidden: h, [N, D]; no gradient flows into it.
    ///   - logits: for the features.
    ///   - parameters: the heads' parameters as variables of `tape`.
    ///   - detachesTemperature: whether T̂ enters the top-p head as a constant.
    public func predictFused(
        hidden: Tensor<Element>, logits: some TokenLogits<Element>, parameters: HeadsParameters<Variable<Element>>,
        detachesTemperature: Bool = true, tape: Tape<Element>
    ) -> (temperature: Variable<Element>, topP: Variable<Element>) {
        require(hidden.columns == configuration.hiddenSize, "hidden states \(hidden.shape) for heads of \(configuration.hiddenSize) columns")
        let values = parameters.map(\.value), rows = hidden.rows
        let heads = [values.temperature, values.topP].compactMap { $0 }.map { StackedHead($0, hiddenSize: configuration.hiddenSize) }
        let stack = HeadStack(heads: heads, hidden: hidden)
        let (first, last) = (0, heads.count - 1)

        // T̂ = 2·σ(z_T) and P̂ = σ(z_P), z the heads' outputs.
        var temperature: Tensor<Element>?
        if values.temperature != nil { temperature = stack.finish(first, extras: nil).sigmoid() * 2 }
        let one = Tensor<Element>(shape: [rows, 1], repeating: 1), T = temperature ?? one
        var extras: Tensor<Element>?, P: Tensor<Element>?
        if values.topP != nil {
            let inputs = HeadStack.beside(T, configuration.enhancedFeatures ? logits.features(temperature: T) : nil)
            P = stack.finish(last, extras: inputs).sigmoid()
            extras = inputs
        }

        let prediction = HeadStack.beside(temperature ?? P ?? one, temperature == nil ? nil : P)
        let parents = parameters.named.map(\.value)
        let fused = tape.record(prediction, from: parents) { [temperature, P, extras] gradient, sinks in
            // dσ(z) = σ·(1 − σ), so dT̂ = T̂·(1 − T̂/2) and dP̂ = P̂·(1 − P̂); a head's share goes to its four parameters.
            var byInner = Tensor<Element>(shape: [rows, stack.width]) { _ in }
            var shares: [HeadGradient<Element>] = [], topPShare: HeadGradient<Element>?
            if let P {
                topPShare = stack.backward(
                    last, output: (P - P * P) * HeadStack.column(last, of: gradient), extras: extras, wantsFirstExtra: !detachesTemperature,
                    inner: &byInner)
            }
            if let T = temperature {
                var byTemperature = HeadStack.column(0, of: gradient)
                if let byInput = topPShare?.firstExtra { byTemperature.add(byInput) }
                shares.append(
                    stack.backward(
                        first, output: (T - T * T * 0.5) * byTemperature, extras: nil, wantsFirstExtra: false, inner: &byInner))
            }
            if let topPShare { shares.append(topPShare) }
            let weights = stack.firstWeights(shares, inner: byInner)
            for (head, share) in shares.enumerated() {
                sinks[4 * head].add(weights[head])
                sinks[4 * head + 1].add(share.firstBias)
                sinks[4 * head + 2].add(share.secondWeight)
                sinks[4 * head + 3].add(share.secondBias)
            }
        }
        let constant = tape.constant(one)
        return (
            values.temperature == nil ? constant : fused.columns(0..<1),
            values.topP == nil ? constant : fused.columns(last..<last + 1)
        )
    }
}

/// One head's small parameters in whole vectors: rows of b₁, W₂, and of each column of W₁ beyond D (those for T̂ and the
/// features). Lanes beyond the inner width hold 0, and with them relu and all gradients there are 0.
struct StackedHead<Element: Scalar>: Sendable {
    let parameters: HeadParameters<Tensor<Element>>
    let inner: Int
    let extras: Int
    /// Vectors of sixteen that the inner width takes.
    let vectors: Int
    /// [2 + extras, 16·vectors].
    let rows: Tensor<Element>

    var width: Int { 16 * vectors }
    var secondBias: Element { parameters.secondBias[0] }

    @_specialize(where Element == Float) @_specialize(where Element == Double)
    init(_ parameters: HeadParameters<Tensor<Element>>, hiddenSize D: Int) {
        self.parameters = parameters
        let inner = parameters.firstWeight.rows, columns = parameters.firstWeight.columns, extras = columns - D
        let vectors = (inner + 15) / 16, width = 16 * vectors
        (self.inner, self.extras, self.vectors) = (inner, extras, vectors)
        rows = Tensor(shape: [2 + extras, width]) { rows in
            rows.update(repeating: 0)
            parameters.firstBias.withUnsafeBufferPointer { b in for i in 0..<inner { rows[i] = b[i] } }
            parameters.secondWeight.withUnsafeBufferPointer { w in for i in 0..<inner { rows[width + i] = w[i] } }
            parameters.firstWeight.withUnsafeBufferPointer { w in
                for extra in 0..<extras {
                    for i in 0..<inner { rows[(2 + extra) * width + i] = w[i * columns + D + extra] }
                }
            }
        }
    }
}

/// What one head's parameters get, but for the columns of W₁ that read the hidden state.
struct HeadGradient<Element: Scalar> {
    let firstBias, secondWeight, secondBias: Tensor<Element>
    /// By W₁'s columns beyond D, [extras, width].
    let extraWeights: Tensor<Element>
    /// By the first extra input, which is T̂, [N, 1]; nil where it is not wanted.
    let firstExtra: Tensor<Element>?
}

/// The heads' first layers as one product, and what follows it.
///
/// A class because the second pass over a head's columns adds the bias in place.
final class HeadStack<Element: Scalar> {
    private let heads: [StackedHead<Element>]
    private let hidden: Tensor<Element>
    /// The inner layers of all heads before relu, side by side, [N, width].
    private var inner: Tensor<Element>
    var width: Int { inner.columns }

    /// Tokens that a thread takes at a time; sums over tokens are added up by these blocks.
    private static var blockRows: Int { 256 }
    /// Of the products: fewer, and packing costs more.
    private static var smallestBlock: Int { 448 }

    @_specialize(where Element == Float) @_specialize(where Element == Double)
    init(heads: [StackedHead<Element>], hidden: Tensor<Element>) {
        (self.heads, self.hidden) = (heads, hidden)
        let D = hidden.columns, width = heads.reduce(0) { $0 + $1.width }
        // W₁ of all heads one under the other, [width, D].
        let stacked = Tensor<Element>(shape: [width, D]) { stacked in
            guard let base = stacked.baseAddress else { return }
            var row = 0
            for head in heads {
                head.parameters.firstWeight.withUnsafeBufferPointer { w in
                    let columns = head.parameters.firstWeight.columns
                    for i in 0..<head.width {
                        let target = UnsafeMutableBufferPointer(start: base + (row + i) * D, count: D)
                        if i < head.inner { _ = target.update(fromContentsOf: w[i * columns..<i * columns + D]) } else { target.update(repeating: 0) }
                    }
                }
                row += head.width
            }
        }
        inner = Tensor(shape: [hidden.rows, width]) { _ in }
        inner.setProduct(hidden.matrix, stacked.matrix.transposed, smallestBlock: Self.smallestBlock)
    }

    /// First column of a head in the inner layers.
    private func start(_ head: Int) -> Int { heads[..<head].reduce(0) { $0 + $1.width } }

    /// One column, [N, 1].
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    static func column(_ index: Int, of x: Tensor<Element>) -> Tensor<Element> {
        let rows = x.rows, columns = x.columns
        return Tensor(shape: [rows, 1]) { y in x.withUnsafeBufferPointer { x in for row in 0..<rows { y[row] = x[row * columns + index] } } }
    }

    /// Columns side by side.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    static func beside(_ a: Tensor<Element>, _ b: Tensor<Element>?) -> Tensor<Element> {
        guard let b else { return a }
        let rows = a.rows, m = a.columns, n = b.columns
        return Tensor(shape: [rows, m + n]) { y in
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    for row in 0..<rows {
                        for j in 0..<m { y[row * (m + n) + j] = a[row * m + j] }
                        for j in 0..<n { y[row * (m + n) + m + j] = b[row * n + j] }
                    }
                }
            }
        }
    }

    /// W₂ relu(z + b₁ + extra inputs · their weights) + b₂, [N, 1]; the inner layer then holds what relu reads.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    func finish(_ number: Int, extras: Tensor<Element>?) -> Tensor<Element> {
        let head = heads[number], start = start(number), stride = inner.columns, rows = inner.rows
        require((extras?.columns ?? 0) == head.extras, "\(extras?.columns ?? 0) inputs beside the hidden state, expected \(head.extras)")
        return Tensor(shape: [rows, 1]) { output in
            inner.withUnsafeMutableBufferPointer { z in
                withPointers(head.rows, extras) { weights, extras in
                    guard let first = z.baseAddress, let target = output.baseAddress else { return }
                    nonisolated(unsafe) let z = first + start, output = target, weights = weights, extras = extras
                    Parallel.forEachBlock(of: rows, blockSize: Self.blockRows) { block in
                        for row in block {
                            output[row] = head.secondBias + finishRow(z + row * stride, weights, head.vectors, extras.map { $0 + row * head.extras }, head.extras)
                        }
                    }
                }
            }
        }
    }

    /// The way back of ``finish(_:extras:)``.
    ///
    /// - Parameters:
    ///   - output: gradient by the head's output, [N, 1].
    ///   - inner: of shape [N, width]; the head's columns receive the gradient by its inner layer.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    func backward(
        _ number: Int, output: Tensor<Element>, extras: Tensor<Element>?, wantsFirstExtra: Bool, inner gradient: inout Tensor<Element>
    ) -> HeadGradient<Element> {
        let head = heads[number], start = start(number), stride = inner.columns, rows = inner.rows, width = head.width
        let blocks = (rows + Self.blockRows - 1) / Self.blockRows, sumRows = 2 + head.extras
        // Of each block: by b₁, by W₂, by the weights of extra inputs.
        var partial = Tensor<Element>(shape: [blocks, sumRows * width], repeating: 0)
        var firstExtra = Tensor<Element>(shape: [wantsFirstExtra ? rows : 0, 1]) { _ in }
        gradient.withUnsafeMutableBufferPointer { dz in
            partial.withUnsafeMutableBufferPointer { partial in
                firstExtra.withUnsafeMutableBufferPointer { firstExtra in
                    inner.withUnsafeBufferPointer { z in
                        output.withUnsafeBufferPointer { output in
                            withPointers(head.rows, extras) { weights, extras in
                                guard let target = dz.baseAddress, let source = z.baseAddress, let sumTarget = partial.baseAddress else { return }
                                nonisolated(unsafe) let dz = target + start, z = source + start, output = output, weights = weights
                                nonisolated(unsafe) let partial = sumTarget, firstExtra = firstExtra, extras = extras
                                Parallel.forEachBlock(of: rows, blockSize: Self.blockRows) { block in
                                    let sums = partial + block.lowerBound / Self.blockRows * sumRows * width
                                    for row in block {
                                        backwardRow(
                                            z + row * stride, weights, head.vectors, extras.map { $0 + row * head.extras }, head.extras,
                                            by: output[row], into: dz + row * stride, sums: sums)
                                        if wantsFirstExtra { firstExtra[row] = dotProduct(dz + row * stride, weights + 2 * width, head.vectors) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        let sums = partial.columnSums()
        func part(_ rows: Range<Int>, _ shape: [Int], columns: Int) -> Tensor<Element> {
            Tensor(shape: shape) { y in
                sums.withUnsafeBufferPointer { x in
                    for row in rows { for i in 0..<columns { y[(row - rows.lowerBound) * columns + i] = x[row * width + i] } }
                }
            }
        }
        return HeadGradient(
            firstBias: part(0..<1, [head.inner], columns: head.inner), secondWeight: part(1..<2, [1, head.inner], columns: head.inner),
            secondBias: output.columnSums().reshaped([1]),
            extraWeights: part(2..<sumRows, [head.extras, width], columns: width), firstExtra: wantsFirstExtra ? firstExtra : nil)
    }

    /// Gradients by W₁ of each head: dZᵀ·H for the columns that read the hidden state, all heads in one product.
    ///
    /// - Parameter inner: dZ, [N, width].
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    func firstWeights(_ shares: [HeadGradient<Element>], inner: Tensor<Element>) -> [Tensor<Element>] {
        let D = hidden.columns
        var product = Tensor<Element>(shape: [width, D]) { _ in }
        product.setProduct(inner.matrix.transposed, hidden.matrix, smallestBlock: Self.smallestBlock)
        return zip(heads, shares).enumerated().map { number, pair in
            let (head, share) = pair, start = start(number), columns = D + head.extras
            return Tensor(shape: [head.inner, columns]) { target in
                product.withUnsafeBufferPointer { product in
                    share.extraWeights.withUnsafeBufferPointer { extra in
                        guard let product = product.baseAddress, let target = target.baseAddress else { return }
                        for i in 0..<head.inner {
                            (target + i * columns).update(from: product + (start + i) * D, count: D)
                            for j in 0..<head.extras { target[i * columns + D + j] = extra[j * head.width + i] }
                        }
                    }
                }
            }
        }
    }

    private func withPointers(
        _ weights: Tensor<Element>, _ extras: Tensor<Element>?, _ body: (UnsafePointer<Element>, UnsafePointer<Element>?) -> Void
    ) {
        weights.withUnsafeBufferPointer { weights in
            guard let weights = weights.baseAddress else { return }
            guard let extras else { return body(weights, nil) }
            extras.withUnsafeBufferPointer { body(weights, $0.baseAddress) }
        }
    }
}

// Loops over one token's inner layer, in whole vectors.

/// Adds bias and extra inputs to z in place; returns W₂ relu(z).
@inline(__always)
private func finishRow<Element: Scalar>(
    _ z: UnsafeMutablePointer<Element>, _ weights: UnsafePointer<Element>, _ vectors: Int, _ extras: UnsafePointer<Element>?, _ count: Int
) -> Element {
    addInputs(z, weights, vectors, extras, count)
    return dotProductOfRelu(z, weights + 16 * vectors, vectors)
}

@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func addInputs<Element: Scalar>(
    _ z: UnsafeMutablePointer<Element>, _ weights: UnsafePointer<Element>, _ vectors: Int, _ extras: UnsafePointer<Element>?, _ count: Int
) {
    for i in 0..<vectors {
        var x = loadVector(UnsafePointer(z + 16 * i)) + loadVector(weights + 16 * i)
        if let extras {
            for j in 0..<count { x.addProduct(loadVector(weights + 16 * ((2 + j) * vectors + i)), SIMD16(repeating: extras[j])) }
        }
        storeVector(x, z + 16 * i)
    }
}

@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func dotProductOfRelu<Element: Scalar>(_ z: UnsafePointer<Element>, _ w: UnsafePointer<Element>, _ vectors: Int) -> Element {
    var sum = SIMD16<Element>(repeating: 0)
    let zero = SIMD16<Element>(repeating: 0)
    for i in 0..<vectors { sum.addProduct(Element.maximum(loadVector(z + 16 * i), zero), loadVector(w + 16 * i)) }
    return laneSum(sum)
}

@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func dotProduct<Element: Scalar>(_ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>, _ vectors: Int) -> Element {
    var sum = SIMD16<Element>(repeating: 0)
    for i in 0..<vectors { sum.addProduct(loadVector(a + 16 * i), loadVector(b + 16 * i)) }
    return laneSum(sum)
}

/// dz = δ·W₂ where z > 0, and adds to the sums dz (for b₁), δ·relu(z) (for W₂) and dz·x for each extra input x.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func backwardRow<Element: Scalar>(
    _ z: UnsafePointer<Element>, _ weights: UnsafePointer<Element>, _ vectors: Int, _ extras: UnsafePointer<Element>?, _ count: Int,
    by δ: Element, into dz: UnsafeMutablePointer<Element>, sums: UnsafeMutablePointer<Element>
) {
    let δ = SIMD16(repeating: δ), zero = SIMD16<Element>(repeating: 0)
    for i in 0..<vectors {
        let x = loadVector(z + 16 * i), g = Element.choose(δ * loadVector(weights + 16 * (vectors + i)), zero, ifLess: zero, than: x)
        storeVector(g, dz + 16 * i)
        let bias = sums + 16 * i, second = bias + 16 * vectors
        storeVector(loadVector(UnsafePointer(bias)) + g, bias)
        storeVector(loadVector(UnsafePointer(second)).addingProduct(δ, Element.maximum(x, zero)), second)
        if let extras {
            for j in 0..<count {
                let sum = second + 16 * (1 + j) * vectors
                storeVector(loadVector(UnsafePointer(sum)).addingProduct(g, SIMD16(repeating: extras[j])), sum)
            }
        }
    }
}
