import MergedCheckpoint

/// The four parameters of one head, W₁ [inner, inputs], b₁ [inner], W₂ [1, inner] and b₂ [1]: as tensors, as variables
/// on a tape, as gradients or as an optimiser's moments.
public struct HeadParameters<Value> {
    /// W₁, [inner, inputs].
    public var firstWeight: Value
    /// b₁, [inner].
    public var firstBias: Value
    /// W₂, [1, inner].
    public var secondWeight: Value
    /// b₂, [1].
    public var secondBias: Value

    /// The parameters of one head.
    public init(firstWeight: Value, firstBias: Value, secondWeight: Value, secondBias: Value) {
        (self.firstWeight, self.firstBias, self.secondWeight, self.secondBias) = (
            firstWeight, firstBias, secondWeight, secondBias
        )
    }

    /// The same head with each parameter transformed.
    public func map<Other>(_ transform: (Value) throws -> Other) rethrows -> HeadParameters<Other> {
        try HeadParameters<Other>(
            firstWeight: transform(firstWeight), firstBias: transform(firstBias), secondWeight: transform(secondWeight),
            secondBias: transform(secondBias))
    }

    /// Names of the layers inside a head in a published checkpoint.
    static var names: HeadParameters<String> {
        HeadParameters<String>(
            firstWeight: "mlp.0.weight", firstBias: "mlp.0.bias", secondWeight: "mlp.2.weight", secondBias: "mlp.2.bias"
        )
    }

    var all: [Value] { [firstWeight, firstBias, secondWeight, secondBias] }
}

/// The parameters of the heads that there are.
public struct HeadsParameters<Value> {
    /// The temperature head's parameters; nil where there is no such head.
    public var temperature: HeadParameters<Value>?
    /// The top-p head's parameters; nil where there is no such head.
    public var topP: HeadParameters<Value>?

    /// The parameters of one or both heads.
    public init(temperature: HeadParameters<Value>?, topP: HeadParameters<Value>?) {
        (self.temperature, self.topP) = (temperature, topP)
    }

    /// The same heads with each parameter transformed.
    public func map<Other>(_ transform: (Value) throws -> Other) rethrows -> HeadsParameters<Other> {
        try HeadsParameters<Other>(temperature: temperature?.map(transform), topP: topP?.map(transform))
    }

    /// All parameters with their names in a published checkpoint, in its order.
    public var named: [(name: String, value: Value)] {
        func prefixed(_ prefix: String, _ head: HeadParameters<Value>?) -> [(name: String, value: Value)] {
            guard let head else { return [] }
            return zip(HeadParameters<String>.names.all, head.all).map { ("\(prefix).\($0)", $1) }
        }
        return prefixed(MergedLayout.temperaturePrefix, temperature) + prefixed(MergedLayout.topPPrefix, topP)
    }
}

extension HeadParameters: Sendable where Value: Sendable {}
extension HeadsParameters: Sendable where Value: Sendable {}
extension HeadParameters: Equatable where Value: Equatable {}
extension HeadsParameters: Equatable where Value: Equatable {}
