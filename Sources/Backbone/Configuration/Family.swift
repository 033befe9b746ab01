import MergedCheckpoint

/// A family of published models, named as in `model_type`.
public enum Family: String, Sendable, CaseIterable {
    case llama
    case qwen2
    case qwen3
    case qwen3MoE = "qwen3_moe"
    case gptOSS = "gpt_oss"
    case deepSeekV3 = "deepseek_v3"
    case mistral
    case mixtral
    case qwen2MoE = "qwen2_moe"
    case smolLM3 = "smollm3"
    case gemma3 = "gemma3_text"
    case olmo2
    case phi3
    case glm4MoE = "glm4_moe"
}

extension Family {
    /// The name in `architectures`.
    public var architecture: String { traits.architecture }

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
