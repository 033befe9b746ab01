import MergedCheckpoint

/// The four parameters of one head, W₁ [inner, inputs], b₁ [inner], W₂ [1, inner] and b₂ [1]: as tensors, as variables
/// on a tape, as gradients or as an optimiser's moments.
public struct HeadParameters<Value> {
    public var firstWeight: Value
    public var firstBias: Value
    public var secondWeight: Value
    public var secondBias: Value

    public init(firstWeight: Value, firstBias: Value, secondWeight: Value, secondBias: Value) {
        (self.firstWeight, self.firstBias, self.secondWeight, self.secondBias) = (firstWeight, firstBias, secondWeight, secondBias)
    }

    public func map<Other>(_ transform: (Value) throws -> Other) rethrows -> HeadParameters<Other> {
        try HeadParameters<Other>(
            firstWeight: transform(firstWeight), firstBias: transform(firstBias), secondWeight: transform(secondWeight),
            secondBias: transform(secondBias))
    }

    /// Names of the layers inside a head in a published checkpoint.
    static var names: HeadParameters<String> {
        HeadParameters<String>(
            firstWeight: "mlp.0.weight", firstBias: "mlp.0.bias", secondWeight: "mlp.2.weight", secondBias: "mlp.2.bias")
    }

    var all: [Value] { [firstWeight, firstBias, secondWeight, secondBias] }
}

/// The parameters of the heads that there are.
public struct HeadsParameters<Value> {
    public var temperature: HeadParameters<Value>?
    public var topP: HeadParameters<Value>?

    public init(temperature: HeadParameters<Value>?, topP: HeadParameters<Value>?) {
        (self.temperature, self.topP) = (temperature, topP)
    }

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
