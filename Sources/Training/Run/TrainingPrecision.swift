import HiddenStateCache

/// In which numbers the products of heads and hidden states are computed. Parameters, moments, sums and all that comes
/// after the products are Float in both.
public enum TrainingPrecision: String, CaseIterable, Sendable {
    /// Hidden states are widened to Float.
    case float
    /// Hidden states stay the BF16 numbers of the cache; first weights and the gradients by inner layers are rounded to
    /// BF16 for their products. Twice as fast where the processor multiplies BF16 numbers itself.
    case bf16

    /// What a run over a cache uses where its settings name nothing.
    init(standardFor cache: CacheDescription) { self = cache.hiddenType == .bf16 ? .bf16 : .float }
}

extension TrainingSettings {
    /// In which numbers a run over a cache computes its products.
    ///
    /// - Parameter path: the cache's folder, for messages.
    /// - Throws: ``TrainingError`` for BF16 over a cache of another type.
    func precision(over cache: CacheDescription, path: String) throws -> TrainingPrecision {
        guard let precision else { return TrainingPrecision(standardFor: cache) }
        guard precision != .bf16 || cache.hiddenType == .bf16 else {
            throw TrainingError(
                .unsuitableData,
                "\(path): holds hidden states in \(cache.hiddenType.rawValue), expected BF16 as training.precision = "
                    + "\"bf16\" needs; leave that out, or collect with cache.hiddenType = \"BF16\"")
        }
        return precision
    }
}
