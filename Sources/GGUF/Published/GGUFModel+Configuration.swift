import Files
import Foundation

extension GGUFModel {
    /// The most layers, and what widths and counts of heads may be: as in a published configuration.
    private static let widths = 1...1 << 24, heads = 1...1 << 16, positions = 1...Int(Int32.max)

    /// config.json, as far as a reader of it needs.
    public func configuration() throws -> Data {
        let key = architecture.rawValue, metadata = metadata
        func integer(
            _ name: String, in range: ClosedRange<Int> = Self.widths, default fallback: Int? = nil
        ) throws -> Int {
            try metadata.integer("\(key).\(name)", in: range, default: fallback)
        }
        let hidden = try integer("embedding_length"), heads = try integer("attention.head_count", in: Self.heads)
        let layers = try integer("block_count", in: 1...10_000),
            context = try integer(
                "context_length", in: Self.positions)
        let experts = try integer("expert_count", in: 0...1 << 16, default: 0)
        let family = architecture.family(hasExperts: experts > 0)
        guard let embedding = find("model.embed_tokens.weight"), embedding.shape.count == 2 else {
            throw FileError(
                .malformed, file: path, "found no tensor 'token_embd.weight' with two sizes, expected the embedding")
        }
        var file = PublishedObject()
        file.set("architectures", texts: [family.architecture])
        file.set("model_type", text: family.type)
        file.set("hidden_size", hidden)
        file.set("vocab_size", embedding.shape[0])
        file.set("num_hidden_layers", layers)
        file.set("max_position_embeddings", context)
        file.set("num_attention_heads", heads)
        file.set(
            "num_key_value_heads", try integer("attention.head_count_kv", in: Self.heads, default: heads))
        let headSize = try integer("attention.key_length", in: Self.heads, default: max(1, hidden / heads))
        guard try integer("attention.value_length", in: Self.heads, default: headSize) == headSize else {
            throw metadata.failure("\(key).attention.value_length", expected: "\(headSize), the size of keys")
        }
        guard try integer("rope.dimension_count", in: Self.heads, default: headSize) == headSize else {
            throw metadata.failure("\(key).rope.dimension_count", expected: "\(headSize), all of a head")
        }
        file.set("head_dim", headSize)
        file.set("hidden_act", text: "silu")
        file.set("rms_norm_eps", number: try metadata.positive("\(key).attention.layer_norm_rms_epsilon"))
        file.set("tie_word_embeddings", !contains("lm_head.weight"))
        try setFeedForward(&file, experts: experts, integer: integer)
        try setAttention(&file, layers: layers)
        try setRope(&file, headSize: headSize, context: context)
        for name in ["bos", "eos"] {
            if let id = try metadata.token("tokenizer.ggml.\(name)_token_id") { file.set("\(name)_token_id", id) }
        }
        if case .text(let type)? = dominantType { file.set("torch_dtype", text: type) }
        return file.data
    }

    /// The name of the type that a folder would have: of models in blocks none.
    private var dominantType: MetadataValue.Content? {
        switch find("model.layers.0.self_attn.q_proj.weight")?.type {
        case .f32: .text("float32")
        case .f16: .text("float16")
        case .bf16: .text("bfloat16")
        default: nil
        }
    }

    private func setFeedForward(
        _ file: inout PublishedObject, experts: Int,
        integer: (String, ClosedRange<Int>, Int?) throws -> Int
    ) throws {
        let inner =
            try experts > 0
            ? integer("expert_feed_forward_length", Self.widths, integer("feed_forward_length", Self.widths, nil))
            : integer("feed_forward_length", Self.widths, nil)
        guard experts > 0 else {
            file.set("intermediate_size", inner)
            if contains("model.layers.0.mlp.gate_proj.bias") { file.set("mlp_bias", true) }
            return
        }
        let chosen = try integer("expert_used_count", 1...experts, nil)
        switch architecture {
        case .qwen3MoE:
            file.set("intermediate_size", try integer("feed_forward_length", Self.widths, inner))
            file.set("moe_intermediate_size", inner)
            file.set("num_experts", experts)
            // What llama.cpp does for this architecture, whatever the file says.
            file.set("norm_topk_prob", true)
            file.set("decoder_sparse_step", 1)
        default:
            file.set("intermediate_size", inner)
            file.set("num_local_experts", experts)
        }
        file.set("num_experts_per_tok", chosen)
    }

    private func setAttention(_ file: inout PublishedObject, layers: Int) throws {
        let key = "\(architecture.rawValue).attention.sliding_window"
        let window = try metadata.integer(key, in: 0...Int(Int32.max), default: 0)
        switch architecture {
        case .llama:
            if contains("model.layers.0.self_attn.q_proj.bias") { file.set("attention_bias", true) }
        case .qwen2, .qwen3, .qwen3MoE:
            file.set("use_sliding_window", false)
        case .gptOSS:
            file.set("attention_bias", true)
            guard window > 0 else { throw metadata.failure(key, expected: "a whole number of positions, at least 1") }
            file.set("sliding_window", window)
            file.set("layer_types", texts: (0..<layers).map { $0 % 2 == 0 ? "sliding_attention" : "full_attention" })
        }
    }

    /// generation_config.json: ends of a text, and the settings of sampling that the file recommends.
    public func generation() throws -> Data {
        var file = PublishedObject()
        if let id = try metadata.token("tokenizer.ggml.bos_token_id") { file.set("bos_token_id", id) }
        let ends = try endTokens()
        if !ends.isEmpty { file.set("eos_token_id", list: ends.map(String.init)) }
        for (key, name) in Self.sampling {
            guard let value = metadata["general.sampling.\(key)"] else { continue }
            guard let number = value.number else {
                throw metadata.failure("general.sampling.\(key)", expected: "a number")
            }
            file.set(name, number: number)
        }
        return file.data
    }

    /// Recommended settings of sampling, by the names here and there.
    static let sampling = [
        ("temp", "temperature"), ("top_p", "top_p"), ("top_k", "top_k"), ("min_p", "min_p"),
        ("penalty_repeat", "repetition_penalty"),
    ]
}
