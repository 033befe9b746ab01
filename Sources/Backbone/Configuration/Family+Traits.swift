extension Family {
    /// How this family departs from the common block.
    var traits: FamilyTraits {
        switch self {
        case .llama:
            FamilyTraits(architecture: "LlamaForCausalLM")
        case .qwen2:
            FamilyTraits(architecture: "Qwen2ForCausalLM", attentionBiases: .queryKeyValue(), windows: .upperLayers)
        case .qwen3:
            FamilyTraits(
                architecture: "Qwen3ForCausalLM", headNorms: .eachHead, windows: .upperLayers, defaultHeadSize: 128)
        case .qwen3MoE:
            FamilyTraits(
                architecture: "Qwen3MoeForCausalLM", headNorms: .eachHead, experts: .softmax, windows: .everyLayer)
        case .gptOSS:
            FamilyTraits(
                architecture: "GptOssForCausalLM", attentionBiases: .all(default: true), hasSinks: true,
                experts: .clamped, windows: .alternating, defaultHeadSize: 64, defaultRopeBase: 150_000)
        case .deepSeekV3:
            FamilyTraits(architecture: "DeepseekV3ForCausalLM", attention: .latent, experts: .groupedSigmoid)
        case .mistral:
            FamilyTraits(
                architecture: "MistralForCausalLM", attentionBiases: .none, windows: .given(default: 4096))
        case .mixtral:
            FamilyTraits(
                architecture: "MixtralForCausalLM", attentionBiases: .none, experts: .softmaxOfChosen,
                windows: .given(), defaultEpsilon: 1e-5, defaultRopeBase: 1_000_000)
        case .qwen2MoE:
            FamilyTraits(
                architecture: "Qwen2MoeForCausalLM", attentionBiases: .queryKeyValue(key: "qkv_bias"),
                experts: .softmaxBesideShared, windows: .lowerAlternating)
        case .smolLM3:
            FamilyTraits(
                architecture: "SmolLM3ForCausalLM", windows: .layersWithoutRope, ropes: .exceptEachFourth,
                tiesEmbeddings: true, defaultRopeBase: 2_000_000)
        case .gemma3:
            FamilyTraits(
                architecture: "Gemma3ForCausalLM", headNorms: .eachHead, windows: .pattern(default: 6),
                layerNorms: .around, normOffset: 1, activation: .gelu, scalesEmbeddings: true,
                hasOwnAttentionScale: true, ropes: .windowsApart(base: 10_000), tiesEmbeddings: true,
                defaultHeadSize: 256, defaultRopeBase: 1_000_000)
        case .olmo2:
            FamilyTraits(
                architecture: "Olmo2ForCausalLM", headNorms: .allHeads, layerNorms: .after, defaultEpsilon: 1e-5)
        case .phi3:
            FamilyTraits(
                architecture: "Phi3ForCausalLM", attentionBiases: .none, fusesProjections: true, windows: .given(),
                defaultEpsilon: 1e-5, defaultRotaryShare: 1, longRopeNames: ["longrope", "su", "yarn"])
        case .glm4MoE:
            FamilyTraits(
                architecture: "Glm4MoeForCausalLM",
                attentionBiases: .queryKeyValue(key: "attention_bias", default: false), headNorms: .configured,
                experts: .groupedSigmoid, defaultEpsilon: 1e-5, defaultRotaryShare: 0.5,
                defaultGroups: (count: 1, chosenCount: 1, firstDense: 1, shared: 1))
        }
    }
}
