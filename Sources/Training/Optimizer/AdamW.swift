import Tensor

/// AdamW's constants besides the learning rate (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR
/// 2019).
public struct AdamWSettings: Sendable, Equatable, Codable {
    /// β₁ and β₂, how slowly the moments forget, in [0, 1).
    public var beta1 = 0.9
    public var beta2 = 0.999
    /// ε, above 0.
    public var epsilon = 1e-8
    /// λ, at least 0: a parameter loses this share of itself times the learning rate in each step.
    public var weightDecay = 0.0

    public init() {}
}

/// AdamW as PyTorch defines it. For gradient g at step t, all element by element:
///
///     θ ← θ − η·λ·θ
///     m ← m + (1 − β₁)·(g − m)
///     v ← β₂·v + (1 − β₂)·g²
///     θ ← θ − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
///
/// Parameters and moments change in place; a step allocates nothing.
public struct AdamW<Element: Scalar>: Sendable {
    public let settings: AdamWSettings
    /// Of each parameter whether it loses by weight decay. Biases do not, as in transformers' trainer.
    public let decays: [Bool]
    /// Steps done.
    public private(set) var step = 0
    /// m and v, one tensor a parameter.
    public private(set) var firstMoments: [Tensor<Element>]
    public private(set) var secondMoments: [Tensor<Element>]

    /// Fresh moments of 0.
    ///
    /// - Parameters:
    ///   - shapes: of the parameters.
    ///   - decays: which of them lose by weight decay; all where nil.
    ///   - settings: constants.
    public init(shapes: [[Int]], decays: [Bool]? = nil, settings: AdamWSettings) {
        self.settings = settings
        self.decays = decays ?? shapes.map { _ in true }
        require(self.decays.count == shapes.count, "\(self.decays.count) flags for \(shapes.count) parameters")
        firstMoments = shapes.map { Tensor(shape: $0, repeating: 0) }
        secondMoments = firstMoments.map { Tensor(shape: $0.shape, repeating: 0) }
    }

    /// Goes on where another run has stopped.
    public init(
        step: Int, firstMoments: [Tensor<Element>], secondMoments: [Tensor<Element>], decays: [Bool]? = nil,
        settings: AdamWSettings
    ) {
        self.decays = decays ?? firstMoments.map { _ in true }
        require(
            firstMoments.map(\.shape) == secondMoments.map(\.shape),
            "moments of shapes \(firstMoments.map(\.shape)) and \(secondMoments.map(\.shape))")
        (self.step, self.firstMoments, self.secondMoments, self.settings) = (
            step, firstMoments, secondMoments, settings
        )
    }

    /// One step.
    ///
    /// - Parameters:
    ///   - gradients: of the parameters' shapes.
    ///   - gradientScale: every gradient is multiplied by it first; ``GradientNorm/scale(toAtMost:)`` clips with it.
    ///   - learningRate: η.
    public mutating func update(
        _ parameters: inout [Tensor<Element>], gradients: [Tensor<Element>], gradientScale: Double = 1,
        learningRate: Double
    ) {
        require(
            parameters.map(\.shape) == firstMoments.map(\.shape) && gradients.map(\.shape) == firstMoments.map(\.shape),
            "parameters \(parameters.map(\.shape)) and gradients \(gradients.map(\.shape)) for moments "
                + "\(firstMoments.map(\.shape))"
        )
        step += 1
        for index in parameters.indices {
            let factors = AdamWFactors<Element>(
                settings, decays: decays[index], step: step, learningRate: learningRate, gradientScale: gradientScale)
            parameters[index].withUnsafeMutableBufferPointer { θ in
                firstMoments[index].withUnsafeMutableBufferPointer { m in
                    secondMoments[index].withUnsafeMutableBufferPointer { v in
                        gradients[index].withUnsafeBufferPointer { g in
                            // Blocks belong to one thread each, so threads may share the pointers.
                            nonisolated(unsafe) let θ = θ, m = m, v = v, g = g
                            Parallel.forEachBlock(of: θ.count, blockSize: 1 << 16) { block in
                                updateElements(
                                    θ.baseAddress! + block.lowerBound, m.baseAddress! + block.lowerBound,
                                    v.baseAddress! + block.lowerBound,
                                    g.baseAddress! + block.lowerBound, block.count, factors)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What all elements share in one step.
private struct AdamWFactors<Element: Scalar> {
    /// 1 − η·λ, η/(1 − β₁ᵗ) and 1/√(1 − β₂ᵗ).
    let decay, rate, rootScale: Element
    /// 1 − β₁, β₂ and 1 − β₂.
    let share, beta2, share2: Element
    let epsilon, gradientScale: Element

    init(_ settings: AdamWSettings, decays: Bool, step: Int, learningRate: Double, gradientScale: Double) {
        let t = Double(step)
        decay = Element(1 - (decays ? learningRate * settings.weightDecay : 0))
        rate = Element(learningRate / (1 - power(settings.beta1, t)))
        rootScale = Element(1 / (1 - power(settings.beta2, t)).squareRoot())
        share = Element(1 - settings.beta1)
        beta2 = Element(settings.beta2)
        share2 = Element(1 - settings.beta2)
        epsilon = Element(settings.epsilon)
        self.gradientScale = Element(gradientScale)
    }
}

/// A loop only, so that it becomes vector code.
@inline(never) @_specialize(where Element == Float) @_specialize(where Element == Double)
private func updateElements<Element: Scalar>(
    _ θ: UnsafeMutablePointer<Element>, _ m: UnsafeMutablePointer<Element>, _ v: UnsafeMutablePointer<Element>,
    _ g: UnsafePointer<Element>, _ count: Int, _ f: AdamWFactors<Element>
) {
    for i in 0..<count {
        let g = g[i] * f.gradientScale
        let first = m[i] + f.share * (g - m[i]), second = f.beta2 * v[i] + f.share2 * (g * g)
        m[i] = first
        v[i] = second
        θ[i] = f.decay * θ[i] - f.rate * first / (second.squareRoot() * f.rootScale + f.epsilon)
    }
}
