import Tensor

/// What the keys about rotary position embeddings say, in either layout: `rope_parameters` with everything, or
/// `rope_theta` beside `rope_scaling`, whose kind is called `rope_type` or, in older files, `type`.
public struct RopeConfiguration: Sendable, Equatable {
    public enum Scaling: Sendable, Equatable {
        case none
        /// All waves are slowed down by `factor`.
        case linear(factor: Double)
        /// Waves are slowed down where a text outgrows the context, which no text does here.
        case dynamic(factor: Double)
        /// Llama 3.1: long waves are slowed down by `factor`, short ones kept, those between interpolated.
        case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalContext: Double)
        case yarn(Yarn)
        case longRope(LongRope)

        /// As `rope_type` says it.
        public var name: String {
            switch self {
            case .none: "default"
            case .linear: "linear"
            case .dynamic: "dynamic"
            case .llama3: "llama3"
            case .yarn: "yarn"
            case .longRope: "longrope"
            }
        }
    }

    /// LongRoPE (Ding et al. 2024): each pair has a factor of its own by which it is slowed down, one in texts within
    /// the original context and another one in longer texts, there at all positions.
    public struct LongRope: Sendable, Equatable {
        /// One factor a pair.
        public var short: [Double], long: [Double]
        /// In tokens, at least 2.
        public var originalContext: Int
        /// How far the context is stretched.
        public var factor: Double
        public var attentionFactor: Double?

        /// Of cosines and sines: √(1 + ln(factor)/ln(original context)) where the file has no other.
        var magnitude: Double {
            attentionFactor
                ?? (factor <= 1
                    ? 1 : (1 + Double.logarithm(factor) / Double.logarithm(Double(originalContext))).squareRoot())
        }
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

    init(base: Double, scaling: Scaling = .none) {
        (self.base, self.scaling) = (base, scaling)
    }
}
