import LogitSketches
import Tensor

/// The heads' way forward and back on tensors: the one way in which heads predict.
///
///     T̂ = 2·σ(W₂ relu(W₁ h + b₁) + b₂)
///     P̂ =   σ(W₄ relu(W₃ [h, T̂, features] + b₃) + b₄)
///
/// Both heads read the same hidden states, so their first layers are one product with stacked weights, and so are the
/// gradients of these weights. Biases, relu and second layers are one pass over the result.
///
/// A class because the second pass over a head's columns adds the bias in place.
final class HeadsForward<Element: Scalar> {
    private let stack: StackedHeads<Element>
    private let hidden: any HiddenStates<Element>
    /// The inner layers of all heads before relu, side by side, [N, width].
    private var inner: Tensor<Element>
    /// T̂ and P̂, [N, 1]; nil for a head that is not there.
    private(set) var temperature, topP: Tensor<Element>?
    /// What the top-p head reads beside h: T̂ and the features, [N, 1 or 5].
    private var extras: Tensor<Element>?

    /// Tokens that a thread takes at a time; sums over tokens are added up by these blocks.
    private static var blockRows: Int { 256 }

    /// Predicts for N tokens.
    ///
    /// - Parameters:
    ///   - hidden: h, [N, D].
    ///   - features: the four features, [N, 4], as a function of T̂, [N, 1]; not called where no head reads them.
    /// - Throws: what `features` throws.
    init(
        _ stack: StackedHeads<Element>, hidden: any HiddenStates<Element>,
        features: (Tensor<Element>) throws -> Tensor<Element>
    ) rethrows {
        let configuration = stack.configuration
        require(
            hidden.columns == configuration.hiddenSize,
            "hidden states of \(hidden.columns) columns for heads of \(configuration.hiddenSize) columns")
        (self.stack, self.hidden) = (stack, hidden)
        inner = hidden.innerLayers(stack.weights)
        if configuration.heads.hasTemperature { temperature = finish(0, extras: nil).sigmoid() * 2 }
        if configuration.heads.hasTopP {
            let T = temperature ?? ones
            let inputs = configuration.enhancedFeatures ? Tensor(beside: [T, try features(T)]) : T
            topP = finish(stack.heads.count - 1, extras: inputs).sigmoid()
            extras = inputs
        }
    }

    /// The constant 1 that stands for a head that is not there, [N, 1].
    var ones: Tensor<Element> { Tensor(shape: [hidden.rows, 1], repeating: 1) }

    /// Gradients by all parameters, from those by T̂ and P̂, [N, 1] each.
    ///
    /// dσ(z) = σ·(1 − σ), so dT̂ = T̂·(1 − T̂/2) and dP̂ = P̂·(1 − P̂).
    ///
    /// - Parameter detachesTemperature: whether T̂ entered the top-p head as a constant.
    func gradients(
        byTemperature: Tensor<Element>, byTopP: Tensor<Element>, detachesTemperature: Bool
    ) -> HeadsParameters<Tensor<Element>> {
        var byInner = Tensor<Element>(shape: [hidden.rows, stack.width]) { _ in }
        var topPShare: HeadGradient<Element>?, temperatureShare: HeadGradient<Element>?
        if let P = topP {
            topPShare = backward(
                stack.heads.count - 1, output: (P - P * P) * byTopP, extras: extras,
                wantsFirstExtra: !detachesTemperature && temperature != nil, inner: &byInner)
        }
        if let T = temperature {
            var byTemperature = byTemperature
            if let byInput = topPShare?.firstExtra { byTemperature.add(byInput) }
            temperatureShare = backward(
                0, output: (T - T * T * 0.5) * byTemperature, extras: nil, wantsFirstExtra: false, inner: &byInner)
        }
        // By the columns of W₁ that read the hidden state, all heads in one product, [width, D].
        let product = hidden.weightGradients(byInner)
        func head(_ number: Int, _ share: HeadGradient<Element>?) -> HeadParameters<Tensor<Element>>? {
            share.map { share in
                HeadParameters(
                    firstWeight: firstWeight(number, share, product), firstBias: share.firstBias,
                    secondWeight: share.secondWeight, secondBias: share.secondBias)
            }
        }
        return HeadsParameters(temperature: head(0, temperatureShare), topP: head(stack.heads.count - 1, topPShare))
    }

    /// W₂ relu(z + b₁ + extra inputs · their weights) + b₂, [N, 1]; the inner layer then holds what relu reads.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    private func finish(_ number: Int, extras: Tensor<Element>?) -> Tensor<Element> {
        let head = stack.heads[number], start = stack.start(number), stride = inner.columns, rows = inner.rows
        let inputs = extras?.columns ?? 0
        require(inputs == head.extras, "\(inputs) inputs beside the hidden state, expected \(head.extras)")
        let z = inner.mutablePointer() + start
        return Tensor(shape: [rows, 1]) { output in
            withPointers(to: head.rows, extras ?? head.rows) { weights, extras in
                nonisolated(unsafe) let z = z, output = output, weights = weights, extras = extras
                Parallel.forEachBlock(of: rows, blockSize: Self.blockRows) { block in
                    for row in block {
                        output[row] =
                            head.secondBias
                            + finishRow(z + row * stride, weights, head.vectors, extras + row * inputs, inputs)
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
    private func backward(
        _ number: Int, output: Tensor<Element>, extras: Tensor<Element>?, wantsFirstExtra: Bool,
        inner gradient: inout Tensor<Element>
    ) -> HeadGradient<Element> {
        let head = stack.heads[number], start = stack.start(number), stride = inner.columns, rows = inner.rows
        let width = head.width, sumRows = 2 + head.extras, blockCount = (rows + Self.blockRows - 1) / Self.blockRows
        // Of each block: by b₁, by W₂, by the weights of extra inputs.
        var partial = Tensor<Element>(shape: [blockCount, sumRows * width], repeating: 0)
        var firstExtra = Tensor<Element>(shape: [wantsFirstExtra ? rows : 0, 1]) { _ in }
        let targets = (gradient.mutablePointer() + start, partial.mutablePointer(), firstExtra.mutablePointer())
        withPointers(to: inner, output, head.rows, extras ?? head.rows) { z, output, weights, extras in
            // Blocks of rows belong to one thread each, so threads may share the pointers.
            nonisolated(unsafe) let (dz, partial, firstExtra) = targets
            nonisolated(unsafe) let z = z + start, output = output, weights = weights, extras = extras
            Parallel.forEachBlock(of: rows, blockSize: Self.blockRows) { block in
                let sums = partial + block.lowerBound / Self.blockRows * sumRows * width
                for row in block {
                    let dz = dz + row * stride
                    backwardRow(
                        z + row * stride, weights, head.vectors, extras + row * head.extras, head.extras,
                        by: output[row],
                        into: dz, sums: sums)
                    if wantsFirstExtra { firstExtra[row] = dotProduct(dz, weights + 2 * width, head.vectors) }
                }
            }
        }
        let sums = partial.columnSums()
        func part(_ rows: Range<Int>, _ shape: [Int], columns: Int) -> Tensor<Element> {
            Tensor(shape: shape) { y in
                withPointers(to: sums) { x in
                    for row in rows {
                        let start = (row - rows.lowerBound) * columns
                        for i in 0..<columns { y[start + i] = x[row * width + i] }
                    }
                }
            }
        }
        return HeadGradient(
            firstBias: part(0..<1, [head.inner], columns: head.inner),
            secondWeight: part(1..<2, [1, head.inner], columns: head.inner),
            secondBias: output.columnSums().reshaped([1]),
            extraWeights: part(2..<sumRows, [head.extras, width], columns: width),
            firstExtra: wantsFirstExtra ? firstExtra : nil)
    }

    /// The gradient by one head's W₁: its rows of the product, and the columns beyond D.
    @_specialize(where Element == Float) @_specialize(where Element == Double)
    private func firstWeight(
        _ number: Int, _ share: HeadGradient<Element>, _ product: Tensor<Element>
    ) -> Tensor<Element> {
        let head = stack.heads[number], start = stack.start(number), D = hidden.columns, columns = D + head.extras
        return Tensor(shape: [head.inner, columns]) { target in
            guard let target = target.baseAddress else { return }
            withPointers(to: product, share.extraWeights) { product, extra in
                // Rows belong to one thread each.
                nonisolated(unsafe) let target = target, product = product, extra = extra
                Parallel.forEachBlock(of: head.inner, blockSize: copiedRows) { block in
                    for i in block {
                        (target + i * columns).update(from: product + (start + i) * D, count: D)
                        for j in 0..<head.extras { target[i * columns + D + j] = extra[j * head.width + i] }
                    }
                }
            }
        }
    }
}

/// What one head's parameters get, but for the columns of W₁ that read the hidden state.
private struct HeadGradient<Element: Scalar> {
    let firstBias, secondWeight, secondBias: Tensor<Element>
    /// By W₁'s columns beyond D, [extras, width].
    let extraWeights: Tensor<Element>
    /// By the first extra input, which is T̂, [N, 1]; nil where it is not wanted.
    let firstExtra: Tensor<Element>?
}
