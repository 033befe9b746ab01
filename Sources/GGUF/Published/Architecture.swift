/// An architecture as `general.architecture` names it, and how its tensors' names and keys map to those that Hugging
/// Face publishes.
enum Architecture: String, CaseIterable, Sendable {
    case llama
    case qwen2
    case qwen3
    case qwen3MoE = "qwen3moe"
    case gptOSS = "gpt-oss"

    /// `model_type` and the name in `architectures`.
    ///
    /// - Parameter hasExperts: llama's name stands for mixtral, too.
    func family(hasExperts: Bool) -> (type: String, architecture: String) {
        switch self {
        case .llama: hasExperts ? ("mixtral", "MixtralForCausalLM") : ("llama", "LlamaForCausalLM")
        case .qwen2: ("qwen2", "Qwen2ForCausalLM")
        case .qwen3: ("qwen3", "Qwen3ForCausalLM")
        case .qwen3MoE: ("qwen3_moe", "Qwen3MoeForCausalLM")
        case .gptOSS: ("gpt_oss", "GptOssForCausalLM")
        }
    }

    /// Whether rope turns neighbouring rows: for llama and mixtral, converters reorder the rows of queries and keys.
    var pairsAreNeighbours: Bool { self == .llama }

    /// Published names of tensors outside of layers.
    static let outerNames = [
        "token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight",
        "output.weight": "lm_head.weight",
    ]

    /// Published name of a layer's part, such as `attn_q`, or of an expert in a stack; nil for what is none of this
    /// architecture.
    func layerName(_ part: String) -> LayerName? {
        if let name = Self.attentionNames[part] { return .single(name) }
        switch (self, part) {
        case (.llama, "ffn_gate_inp"): return .single("block_sparse_moe.gate")
        case (.llama, "ffn_gate_exps"): return .stack("block_sparse_moe.experts", "w1")
        case (.llama, "ffn_down_exps"): return .stack("block_sparse_moe.experts", "w2")
        case (.llama, "ffn_up_exps"): return .stack("block_sparse_moe.experts", "w3")
        case (.gptOSS, "post_attention_norm"): return .single("post_attention_layernorm")
        case (.gptOSS, "attn_sinks"): return .bare("self_attn.sinks")
        case (.gptOSS, "ffn_gate_inp"): return .single("mlp.router")
        case (_, "ffn_gate_inp"): return .single("mlp.gate")
        case (_, "ffn_gate_exps"): return .stack("mlp.experts", "gate_proj")
        case (_, "ffn_down_exps"): return .stack("mlp.experts", "down_proj")
        case (_, "ffn_up_exps"): return .stack("mlp.experts", "up_proj")
        default: return nil
        }
    }

    enum LayerName {
        /// Ends in `.weight` or `.bias` there as here.
        case single(String)
        /// Has no such ending there.
        case bare(String)
        /// One tensor here for all experts: their list's name, and that of the part in each.
        case stack(String, String)
    }

    private static let attentionNames = [
        "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
        "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm", "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
    ]
}
