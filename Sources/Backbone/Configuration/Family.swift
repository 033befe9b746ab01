import MergedCheckpoint

/// A family of published models, named as in `model_type`.
public enum Family: String, Sendable, CaseIterable {
    case llama
    case qwen2
    case qwen3
    case qwen3MoE = "qwen3_moe"
    case gptOSS = "gpt_oss"
    case deepSeekV3 = "deepseek_v3"
}

/// How a family departs from the common block: RMS norm, causal attention with rope, RMS norm, gated feed-forward with
/// SiLU, both inside a residual; no biases, one pair of matrices for all heads.
struct FamilyTraits: Sendable {
    /// The name in `architectures`.
    let architecture: String
    var attention = Attention.groupedQuery
    var attentionBiases = Biases.configured(default: false)
    /// Queries and keys go through an RMS norm over each head before rope.
    var normalizesHeads = false
    /// Each head has a learned logit that takes attention away from all positions.
    var hasSinks = false
    var experts = Experts.none
    var windows = Windows.none
    /// `head_dim` where the file has none; hidden size / heads where this is nil.
    var defaultHeadSize: Int?
    var defaultRopeBase = 10_000.0

    enum Attention { case groupedQuery, latent }
    /// Which projections of attention carry a bias.
    enum Biases {
        /// All, where `attention_bias` says so.
        case configured(default: Bool)
        /// Queries, keys and values, always; never the output.
        case queryKeyValue
    }
    /// How a feed-forward of experts routes and computes.
    enum Experts { case none, softmax, clamped, groupedSigmoid }
    /// Where a layer's window comes from.
    enum Windows {
        case none
        /// `use_sliding_window` gives `sliding_window` to layers from `max_window_layers` on, or as `layer_types` says.
        case upperLayers
        /// `use_sliding_window` gives `sliding_window` to every layer.
        case everyLayer
        /// `layer_types`, and without it every other layer from the first on.
        case alternating
    }
}

extension Family {
    /// The name in `architectures`.
    public var architecture: String { traits.architecture }

    var traits: FamilyTraits {
        switch self {
        case .llama:
            FamilyTraits(architecture: "LlamaForCausalLM")
        case .qwen2:
            FamilyTraits(architecture: "Qwen2ForCausalLM", attentionBiases: .queryKeyValue, windows: .upperLayers)
        case .qwen3:
            FamilyTraits(
                architecture: "Qwen3ForCausalLM", normalizesHeads: true, windows: .upperLayers, defaultHeadSize: 128)
        case .qwen3MoE:
            FamilyTraits(
                architecture: "Qwen3MoeForCausalLM", normalizesHeads: true, experts: .softmax, windows: .everyLayer)
        case .gptOSS:
            FamilyTraits(
                architecture: "GptOssForCausalLM", attentionBiases: .configured(default: true), hasSinks: true,
                experts: .clamped, windows: .alternating, defaultHeadSize: 64, defaultRopeBase: 150_000)
        case .deepSeekV3:
            FamilyTraits(architecture: "DeepseekV3ForCausalLM", attention: .latent, experts: .groupedSigmoid)
        }
    }

    /// The family of a configuration, by `model_type` and, where that is not one of ours, by `architectures`.
    init(_ file: ConfigurationObject) throws {
        let supported = Family.allCases.map { "\($0.rawValue) (\($0.traits.architecture))" }.joined(separator: ", ")
        let architectures = try file.strings("architectures", default: [])
        let written = try file.string("model_type", default: "")
        // A merged checkpoint, whose backbone goes by another key.
        let type = written == MergedLayout.modelType ? try file.string("base_model_type") : written
        if let family = Family(rawValue: type) {
            self = family
            return
        }
        if let family = Family.allCases.first(where: { architectures.contains($0.traits.architecture) }) {
            self = family
            return
        }
        if type.isEmpty, architectures.isEmpty {
            throw file.malformed("model_type", found: "nothing", expected: "one of \(supported)")
        }
        throw file.unsupported(
            type.isEmpty ? "architectures" : "model_type",
            found: "'\(type.isEmpty ? architectures.joined(separator: ", ") : type)'",
            supported: supported)
    }
}
