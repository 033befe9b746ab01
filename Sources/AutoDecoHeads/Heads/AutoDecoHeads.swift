import Autodiff
import LogitSketches
import Tensor

/// The two heads: they read a frozen model's last hidden state h and predict temperature and top-p for the next token.
///
///     T̂ = 2·σ(W₂ relu(W₁ h + b₁) + b₂)                     in (0, 2)
///     P̂ =   σ(W₄ relu(W₃ [h, T̂, features] + b₃) + b₄)      in (0, 1)
public struct AutoDecoHeads<Element: Scalar>: Sendable, Equatable {
    public let configuration: HeadsConfiguration
    public var parameters: HeadsParameters<Tensor<Element>>

    /// Heads with the given parameters, whose shapes must be those of ``shapes(for:)``.
    public init(configuration: HeadsConfiguration, parameters: HeadsParameters<Tensor<Element>>) {
        for (shape, parameter) in zip(Self.shapes(for: configuration).named, parameters.named) {
            require(
                shape.value == parameter.value.shape && shape.name == parameter.name,
                "\(parameter.name) has shape \(parameter.value.shape), expected \(shape.name) of shape \(shape.value)")
        }
        self.configuration = configuration
        self.parameters = parameters
    }

    /// Fresh heads, initialised as PyTorch initialises `nn.Linear`: weights and biases uniform in ±1/√(inputs).
    public init(configuration: HeadsConfiguration, random: inout RandomGenerator) {
        func head(_ shapes: HeadParameters<[Int]>) -> HeadParameters<Tensor<Element>> {
            func uniform(_ shape: [Int], inputs: Int) -> Tensor<Element> {
                let bound = 1 / Double(inputs).squareRoot()
                return Tensor(shape: shape, (0..<shape.reduce(1, *)).map { _ in Element(random.uniform(in: -bound..<bound)) })
            }
            let inputs = shapes.firstWeight[1], inner = shapes.secondWeight[1]
            return HeadParameters(
                firstWeight: uniform(shapes.firstWeight, inputs: inputs), firstBias: uniform(shapes.firstBias, inputs: inputs),
                secondWeight: uniform(shapes.secondWeight, inputs: inner), secondBias: uniform(shapes.secondBias, inputs: inner))
        }
        let shapes = Self.shapes(for: configuration)
        let temperature = shapes.temperature.map(head), topP = shapes.topP.map(head)
        self.init(configuration: configuration, parameters: HeadsParameters(temperature: temperature, topP: topP))
    }

    /// The shape of each parameter.
    public static func shapes(for configuration: HeadsConfiguration) -> HeadsParameters<[Int]> {
        func head(inputs: Int) -> HeadParameters<[Int]> {
            let inner = configuration.innerSize
            return HeadParameters(firstWeight: [inner, inputs], firstBias: [inner], secondWeight: [1, inner], secondBias: [1])
        }
        return HeadsParameters(
            temperature: configuration.heads.hasTemperature ? head(inputs: configuration.hiddenSize) : nil,
            topP: configuration.heads.hasTopP ? head(inputs: configuration.topPInputSize) : nil)
    }

    /// T̂ and P̂ of N tokens on a tape, each [N, 1]; the constant 1 for a head that is not there.
    ///
    /// - Parameters:
    ///   - hidden: h, [N, D], in which no gradient is needed.
    ///   - logits: for the features; they are computed at T̂ held constant.
    ///   - parameters: the heads' parameters as variables of `tape`.
    ///   - detachesTemperature: whether T̂ enters the top-p head as a constant.
    public func predict(
        hidden: Variable<Element>, logits: some TokenLogits<Element>, parameters: HeadsParameters<Variable<Element>>,
        detachesTemperature: Bool = true, tape: Tape<Element>
    ) -> (temperature: Variable<Element>, topP: Variable<Element>) {
        predict(hidden: hidden, parameters: parameters, detachesTemperature: detachesTemperature, tape: tape) {
            logits.features(temperature: $0)
        }
    }

    /// The same with the features, [N, 4], as a function of T̂, [N, 1]; it is not called where no head reads them.
    func predict(
        hidden: Variable<Element>, parameters: HeadsParameters<Variable<Element>>, detachesTemperature: Bool = true,
        tape: Tape<Element>, features: (Tensor<Element>) throws -> Tensor<Element>
    ) rethrows -> (temperature: Variable<Element>, topP: Variable<Element>) {
        let count = hidden.value.rows
        require(hidden.value.columns == configuration.hiddenSize, "hidden states \(hidden.value.shape) for heads of \(configuration.hiddenSize) columns")
        let one = tape.constant(Tensor(shape: [count, 1], repeating: 1))
        let temperature = parameters.temperature.map { head in
            Self.apply(head, to: tape.linear(hidden, weight: head.firstWeight, bias: head.firstBias), tape).sigmoid() * 2
        } ?? one
        let topP = try parameters.topP.map { head in
            let input = detachesTemperature ? temperature.detached : temperature
            let inner = configuration.enhancedFeatures
                ? tape.linear(
                    hidden, input, tape.constant(try features(temperature.value)), weight: head.firstWeight, bias: head.firstBias)
                : tape.linear(hidden, input, weight: head.firstWeight, bias: head.firstBias)
            return Self.apply(head, to: inner, tape).sigmoid()
        } ?? one
        return (temperature, topP)
    }

    /// T̂ and P̂ of N tokens, each [N, 1], without gradients.
    public func predict(
        hidden: Tensor<Element>, logits: some TokenLogits<Element>
    ) -> (temperature: Tensor<Element>, topP: Tensor<Element>) {
        let tape = Tape<Element>()
        let (temperature, topP) = predict(
            hidden: tape.constant(hidden), logits: logits, parameters: parameters.map { tape.constant($0) }, tape: tape)
        return (temperature.value, topP.value)
    }

    private static func apply(
        _ head: HeadParameters<Variable<Element>>, to inner: Variable<Element>, _ tape: Tape<Element>
    ) -> Variable<Element> {
        tape.linear(inner.relu(), weight: head.secondWeight, bias: head.secondBias)
    }
}
