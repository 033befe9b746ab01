import LogitSketches

/// What top-p means for tokens in descending order of probability, c being the inclusive cumulative probability.
public enum NucleusFilter: String, Sendable, Codable, CaseIterable {
    /// The smallest set of largest tokens whose cumulative probability reaches P: what serving engines do.
    case hard
    /// p⊙m / Σ p⊙m with m = exp(−α·relu(c − P)), the distribution that heads are trained with.
    case soft
    /// The tokens with c ≤ P, and always the first.
    case inclusive

    /// α of the soft filter.
    public static let steepness = SoftMask.publishedSteepness
}

/// Which tokens of softmax(l/T) may be drawn. Equal logits are taken in the order of their ids.
///
/// A token less likely than 2^−126 times the likeliest counts as impossible.
public enum Truncation: Sendable, Equatable {
    /// All.
    case none
    /// Those that a nucleus filter keeps; P ≥ 1 filters nothing, and the likeliest token is always kept.
    case topP(Double, NucleusFilter = .hard)
    /// The k likeliest.
    case topK(Int)
    /// Those at least this share as likely as the likeliest, at the policy's temperature.
    case minP(Double)

    /// - Throws: ``PolicyError`` for a setting without meaning.
    func check() throws {
        switch self {
        case .none: break
        case .topP(let p, _): try checkSetting("top-p", p, p >= 0, "a number from 0 up (from 1 on nothing is filtered)")
        case .topK(let k): try checkSetting("top-k", Double(k), k >= 1, "at least 1")
        case .minP(let share): try checkSetting("min-p", share, share >= 0 && share <= 1, "a number from 0 to 1")
        }
    }

    /// P as a decision reports it.
    var topP: Double { if case .topP(let p, _) = self { p } else { 1 } }
}

/// Throws the error for a setting where `isSound` does not hold.
func checkSetting(_ name: String, _ value: Double, _ isSound: Bool, _ expected: String) throws {
    if !isSound { throw PolicyError.invalidSetting(name: name, value: value, expected: expected) }
}
