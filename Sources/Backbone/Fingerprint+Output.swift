import Files

extension Fingerprint {
    /// How a model computes, where that is not the plain way: with another output matrix than config.json says, or by
    /// BF16 products. Files that were made the other way are told apart.
    public mutating func add(_ name: String, computationOf model: Transformer) {
        if model.outputSource == .ownAgainstConfiguration { add("\(name)/output", model.outputSource.rawValue) }
        if model.precision != .float { add("\(name)/products", model.precision.rawValue) }
    }
}
