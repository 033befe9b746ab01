import Decoding

/// A way of decoding that is compared with others.
public struct Method: Sendable {
    /// How tables name it, such as "T = 0.7, P = 1".
    public var name: String
    /// Everything that decides over what it samples, in words: two methods with one setting sample the same.
    public let setting: String
    /// Whether all samples of a problem are the same, so that one says all.
    public let isDeterministic: Bool
    public let policy: any DecodingPolicy

    /// - Parameter setting: the name where nil.
    public init(name: String, setting: String? = nil, isDeterministic: Bool = false, policy: any DecodingPolicy) {
        (self.name, self.setting, self.isDeterministic, self.policy) = (name, setting ?? name, isDeterministic, policy)
    }

    /// The likeliest token, always.
    public static let greedy = Method(name: "greedy", isDeterministic: true, policy: GreedyPolicy())

    /// Static temperature and top-p with the hard filter.
    ///
    /// - Throws: `PolicyError` for a setting without meaning.
    public init(pair: StaticPair) throws {
        let isGreedy = pair.isGreedy
        self.init(
            name: "\(pair)", setting: isGreedy ? Self.greedy.setting : "\(pair), hard", isDeterministic: isGreedy,
            policy: isGreedy
                ? GreedyPolicy() : try SamplingPolicy(temperature: pair.temperature, topP: pair.topP))
    }

    /// Tokens at least this share as likely as the likeliest, at T = 1.
    public init(minP share: Double) throws {
        self.init(name: "min-p \(share)", policy: try SamplingPolicy(temperature: .fixed(1), truncation: .minP(share)))
    }

    /// A temperature that rises with the model's entropy.
    public init(entropy rule: EntropyTemperature) throws {
        self.init(
            name: "entropy-driven temperature",
            setting: "entropy \(rule.minimum) to \(rule.maximum), exponent \(rule.exponent)",
            policy: try SamplingPolicy(temperature: .entropy(rule)))
    }

    func named(_ name: String) -> Method {
        var method = self
        method.name = name
        return method
    }
}
