import Tensor

/// The keys about rotary position embeddings, in either layout: `rope_parameters` with everything, or `rope_theta`
/// beside `rope_scaling`, whose kind is called `rope_type` or, in older files, `type`.
public struct RopeConfiguration: Sendable, Equatable {
    public enum Scaling: Sendable, Equatable {
        case none
        /// Llama 3.1: long waves are slowed down by `factor`, short ones kept, those between interpolated.
        case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalContext: Double)
        case yarn(Yarn)
    }

    /// YaRN (Peng et al. 2023), with what gpt_oss (`truncate`) and DeepSeek (`mscale…`) add to it.
    public struct Yarn: Sendable, Equatable {
        public var factor: Double
        public var betaFast: Double, betaSlow: Double
        public var originalContext: Double
        /// Whether the bounds of the ramp are rounded outwards to whole dimensions.
        public var truncates: Bool
        public var attentionFactor: Double?
        /// `mscale` and `mscale_all_dim`; 0 where the file has none.
        public var scale: Double, allDimensionsScale: Double

        /// `0.1·m·ln(factor) + 1`, and 1 where nothing is stretched.
        func magnitude(_ m: Double) -> Double { factor <= 1 ? 1 : 0.1 * m * Double.logarithm(factor) + 1 }
    }

    /// The longest wave has a length of 2π·base positions.
    public var base: Double
    public var scaling: Scaling

    static let supportedTypes = ["default", "llama3", "yarn"]

    init(_ file: ConfigurationObject, traits: FamilyTraits, contextLength: Int) throws {
        let nested = try file.object("rope_parameters")
        let key = nested == nil ? "rope_scaling" : "rope_parameters"
        let parameters = try nested ?? file.object("rope_scaling")
        if let parameters, parameters.hasNestedObjects {
            throw file.unsupported(
                key, found: "an object for each kind of layer", supported: "one object for all layers")
        }
        base = try (nested ?? file).positive(
            "rope_theta", default: file.positive("rope_theta", default: traits.defaultRopeBase))
        for object in [file, parameters].compactMap({ $0 })
        where try object.positive("partial_rotary_factor", default: 1) != 1 {
            throw object.unsupported(
                "partial_rotary_factor", found: "\(try object.positive("partial_rotary_factor"))",
                supported: "1, all of a head")
        }
        guard let parameters else {
            scaling = .none
            return
        }
        let typeKey = parameters.has("rope_type") ? "rope_type" : "type"
        let originalContext = {
            try parameters.positive("original_max_position_embeddings", default: Double(contextLength))
        }
        switch try parameters.string(typeKey, default: "default") {
        case "default":
            scaling = .none
        case "llama3":
            scaling = .llama3(
                factor: try parameters.positive("factor"),
                lowFrequencyFactor: try parameters.positive("low_freq_factor"),
                highFrequencyFactor: try parameters.positive("high_freq_factor"), originalContext: try originalContext()
            )
        case "yarn":
            let original = try originalContext()
            scaling = .yarn(
                Yarn(
                    factor: try parameters.positive("factor", default: Double(contextLength) / original),
                    betaFast: try parameters.positive("beta_fast", default: 32),
                    betaSlow: try parameters.positive("beta_slow", default: 1),
                    originalContext: original, truncates: try parameters.bool("truncate", default: true),
                    attentionFactor: parameters.has("attention_factor")
                        ? try parameters.positive("attention_factor") : nil,
                    scale: try parameters.nonNegative("mscale", default: 0),
                    allDimensionsScale: try parameters.nonNegative("mscale_all_dim", default: 0)))
        case let other:
            throw parameters.unsupported(
                typeKey, found: "the rope type '\(other)'", supported: Self.supportedTypes.joined(separator: ", "))
        }
    }

    init(base: Double, scaling: Scaling = .none) {
        (self.base, self.scaling) = (base, scaling)
    }
}
