import Files

extension Fingerprint {
    /// Which tensor is a model's output matrix, where it is not the one that config.json says: files that were made by
    /// the other one are told apart.
    public mutating func add(_ name: String, outputOf model: Transformer) {
        guard model.outputSource == .ownAgainstConfiguration else { return }
        add("\(name)/output", model.outputSource.rawValue)
    }
}
