import Tensor

/// Always the likeliest token; of equal ones, the one with the lowest id.
public struct GreedyPolicy: DecodingPolicy {
    private let samplers = RowSamplers()

    public init() {}

    public func choose(
        hidden: Tensor<Float>, logits: Tensor<Float>, random: inout [RandomGenerator]
    ) throws -> [Decision] {
        try samplers.decide(logits: logits, random: &random) { sampler, _, random in
            sampler.decide(temperature: 0, truncation: .none, random: &random)
        }
    }
}

/// Draws from softmax(l/T) after a truncation, with knobs that are set by hand.
public struct SamplingPolicy: DecodingPolicy {
    public let temperature: Temperature
    public let truncation: Truncation
    private let samplers = RowSamplers()

    /// - Throws: ``PolicyError`` for a setting without meaning.
    public init(temperature: Temperature, truncation: Truncation = .none) throws {
        try temperature.check()
        try truncation.check()
        (self.temperature, self.truncation) = (temperature, truncation)
    }

    /// Static temperature and top-p.
    public init(temperature: Double, topP: Double = 1, filter: NucleusFilter = .hard) throws {
        try self.init(temperature: .fixed(temperature), truncation: .topP(topP, filter))
    }

    public func choose(
        hidden: Tensor<Float>, logits: Tensor<Float>, random: inout [RandomGenerator]
    ) throws -> [Decision] {
        try samplers.decide(logits: logits, random: &random) { sampler, _, random in
            let temperature =
                switch temperature {
                case .fixed(let t): t
                case .entropy(let rule):
                    rule.temperature(entropy: sampler.softmax(temperature: 1).entropy, vocabularySize: logits.columns)
                }
            return sampler.decide(temperature: temperature, truncation: truncation, random: &random)
        }
    }
}
