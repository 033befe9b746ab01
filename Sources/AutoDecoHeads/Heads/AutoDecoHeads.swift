import Tensor

/// The two heads: they read a frozen model's last hidden state h and predict temperature and top-p for the next token.
///
///     T̂ = 2·σ(W₂ relu(W₁ h + b₁) + b₂)                     in (0, 2)
///     P̂ =   σ(W₄ relu(W₃ [h, T̂, features] + b₃) + b₄)      in (0, 1)
public struct AutoDecoHeads<Element: Scalar>: Sendable, Equatable {
    /// Sizes, and which heads there are.
    public let configuration: HeadsConfiguration
    /// Weights and biases, of the shapes of ``shapes(for:)``.
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
                return Tensor(
                    shape: shape, (0..<shape.reduce(1, *)).map { _ in Element(random.uniform(in: -bound..<bound)) })
            }
            let inputs = shapes.firstWeight[1], inner = shapes.secondWeight[1]
            return HeadParameters(
                firstWeight: uniform(shapes.firstWeight, inputs: inputs),
                firstBias: uniform(shapes.firstBias, inputs: inputs),
                secondWeight: uniform(shapes.secondWeight, inputs: inner),
                secondBias: uniform(shapes.secondBias, inputs: inner))
        }
        let shapes = Self.shapes(for: configuration)
        let temperature = shapes.temperature.map(head), topP = shapes.topP.map(head)
        self.init(configuration: configuration, parameters: HeadsParameters(temperature: temperature, topP: topP))
    }

    /// The shape of each parameter.
    public static func shapes(for configuration: HeadsConfiguration) -> HeadsParameters<[Int]> {
        func head(inputs: Int) -> HeadParameters<[Int]> {
            let inner = configuration.innerSize
            return HeadParameters(
                firstWeight: [inner, inputs], firstBias: [inner], secondWeight: [1, inner], secondBias: [1])
        }
        return HeadsParameters(
            temperature: configuration.heads.hasTemperature ? head(inputs: configuration.hiddenSize) : nil,
            topP: configuration.heads.hasTopP ? head(inputs: configuration.topPInputSize) : nil)
    }
}
