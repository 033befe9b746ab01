import Backbone
import Foundation
import Safetensors
import Tensor

/// A folder with a tiny model of seeded random weights, written as the hub publishes its family.
package final class TinyModel {
    package enum Kind: String, CaseIterable, Sendable {
        case llama, qwen2, qwen3, qwen3MoE, gptOSS, gptOSSInMXFP4, deepSeekV3, deepSeekV3WithoutQueryLatent
        case mistral, mixtral, qwen2MoE, smolLM3, gemma3, olmo2, phi3, phi3WithLongRope, glm4MoE
    }

    package let folder: URL
    package var configuration: [String: Any]
    package private(set) var tensors: [NewTensor] = []
    private var random: RandomGenerator

    private var size: Int { number("hidden_size") }

    /// - Parameter changes: keys of config.json that differ from the kind's own; `NSNull()` takes one away.
    package init(_ kind: Kind, seed: UInt64 = 1, _ changes: [String: Any] = [:]) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tiny-model-\(UUID().uuidString)")
        random = RandomGenerator(seed: seed)
        configuration = Self.configuration(kind).merging(changes) { $1 }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        makeTensors(kind)
        try write()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    package func write() throws {
        try writeConfiguration()
        try SafetensorsWriter.write(tensors, to: folder.appendingPathComponent("model.safetensors").path)
    }

    package func writeConfiguration() throws {
        try JSONSerialization.data(withJSONObject: configuration).write(
            to: folder.appendingPathComponent("config.json"))
    }

    /// Writes the weights again with one tensor more.
    package func append(_ tensor: NewTensor) throws {
        tensors.append(tensor)
        try write()
    }

    /// Writes the weights again without one tensor, or with another one in its place.
    package func replace(_ name: String, with tensor: NewTensor?) throws {
        tensors = tensors.compactMap { $0.declaration.name == name ? tensor : $0 }
        try write()
    }

    package func loadConfiguration() throws -> ModelConfiguration { try ModelConfiguration(directory: folder) }

    package func load() throws -> Transformer { try Transformer(directory: folder) }

    /// The model with weights in their files' bytes alone, as large models have them.
    package func loadAsLarge() throws -> Transformer {
        try Transformer(
            configuration: loadConfiguration(), checkpoint: Checkpoint(folder: folder.path), mostTinyWeights: 0)
    }

    /// Seeded token ids.
    package func tokens(_ count: Int, seed: UInt64 = 7) -> [Int] {
        var random = RandomGenerator(seed: seed, stream: UInt64(count))
        return (0..<count).map { _ in Int(random.next() % UInt64(number("vocab_size"))) }
    }

    package func number(_ key: String) -> Int { configuration[key] as? Int ?? 0 }

    private static func configuration(_ kind: Kind) -> [String: Any] {
        var common: [String: Any] = [
            "hidden_size": 24, "vocab_size": 40, "num_hidden_layers": 3, "max_position_embeddings": 128,
            "intermediate_size": 20, "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-5,
            "rope_theta": 10_000.0, "eos_token_id": 2, "bos_token_id": 1, "hidden_act": "silu",
        ]
        let departures: [String: Any] =
            switch kind {
            case .llama:
                [
                    "model_type": "llama", "attention_bias": true, "mlp_bias": true,
                    "rope_scaling": [
                        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                        "original_max_position_embeddings": 32,
                    ] as [String: Any],
                ]
            case .qwen2:
                [
                    "model_type": "qwen2", "tie_word_embeddings": true, "use_sliding_window": true, "sliding_window": 7,
                    "max_window_layers": 1,
                ]
            case .qwen3: ["model_type": "qwen3", "head_dim": 20]
            case .qwen3MoE:
                [
                    "model_type": "qwen3_moe", "head_dim": 10, "num_experts": 5, "num_experts_per_tok": 2,
                    "moe_intermediate_size": 12,
                    "norm_topk_prob": true, "mlp_only_layers": [1],
                ]
            case .gptOSS, .gptOSSInMXFP4:
                [
                    "model_type": "gpt_oss", "hidden_size": 32, "intermediate_size": 32, "head_dim": 8,
                    "num_local_experts": 4,
                    "num_experts_per_tok": 2, "sliding_window": 6, "rope_theta": 150_000.0, "swiglu_limit": 1.5,
                    "rope_scaling": [
                        "rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0, "truncate": false,
                        "original_max_position_embeddings": 16,
                    ] as [String: Any],
                ]
            case .deepSeekV3, .deepSeekV3WithoutQueryLatent:
                [
                    "model_type": "deepseek_v3", "kv_lora_rank": 12, "q_lora_rank": 10, "qk_nope_head_dim": 6,
                    "qk_rope_head_dim": 4, "v_head_dim": 5, "num_key_value_heads": 4, "n_routed_experts": 8,
                    "n_shared_experts": 2,
                    "num_experts_per_tok": 3, "n_group": 4, "topk_group": 2, "moe_intermediate_size": 12,
                    "first_k_dense_replace": 1, "norm_topk_prob": true, "routed_scaling_factor": 2.5,
                    "rope_scaling": [
                        "type": "yarn", "factor": 4.0, "beta_fast": 32, "beta_slow": 1, "mscale": 1.0,
                        "mscale_all_dim": 0.7,
                        "original_max_position_embeddings": 32,
                    ] as [String: Any],
                ]
            default: laterDepartures(kind)
            }
        common.merge(departures) { $1 }
        if kind == .gptOSSInMXFP4 { common["quantization_config"] = ["quant_method": "mxfp4"] }
        if kind == .deepSeekV3WithoutQueryLatent { common["q_lora_rank"] = NSNull() }
        return common
    }

    private func makeTensors(_ kind: Kind) {
        let vocabulary = number("vocab_size"), layers = number("num_hidden_layers")
        add("model.embed_tokens.weight", [vocabulary, size], scale: 1)
        add("model.norm.weight", [size], around: kind == .gemma3 ? 0 : 1)
        if configuration["tie_word_embeddings"] as? Bool != true { add("lm_head.weight", [vocabulary, size]) }
        for layer in 0..<layers {
            let prefix = "model.layers.\(layer)."
            for name in normNames(kind) { add(prefix + name + ".weight", [size], around: kind == .gemma3 ? 0 : 1) }
            if kind == .deepSeekV3 || kind == .deepSeekV3WithoutQueryLatent {
                addLatentAttention(prefix + "self_attn.")
            } else {
                addAttention(prefix + "self_attn.", kind)
            }
            switch kind {
            case .gptOSS, .gptOSSInMXFP4: addClampedExperts(prefix + "mlp.", inMXFP4: kind == .gptOSSInMXFP4)
            case .qwen3MoE where layer != 1: addExperts(prefix + "mlp.", count: number("num_experts"))
            case .deepSeekV3 where layer > 0, .deepSeekV3WithoutQueryLatent where layer > 0:
                addExperts(prefix + "mlp.", count: number("n_routed_experts"))
                add(prefix + "mlp.gate.e_score_correction_bias", [number("n_routed_experts")])
                addGated(
                    prefix + "mlp.shared_experts.", inner: number("moe_intermediate_size") * number("n_shared_experts"))
            case .mixtral:
                let inner = number("intermediate_size"), experts = prefix + "block_sparse_moe."
                addProjection(experts + "gate", number("num_local_experts"), size)
                for expert in 0..<number("num_local_experts") {
                    for name in ["w1", "w3"] { addProjection(experts + "experts.\(expert).\(name)", inner, size) }
                    addProjection(experts + "experts.\(expert).w2", size, inner)
                }
            case .qwen2MoE where layer != 1:
                addExperts(prefix + "mlp.", count: number("num_experts"))
                addGated(prefix + "mlp.shared_expert.", inner: number("shared_expert_intermediate_size"))
                addProjection(prefix + "mlp.shared_expert_gate", 1, size, scale: 3)
            case .glm4MoE where layer > 0:
                addExperts(prefix + "mlp.", count: number("n_routed_experts"))
                add(prefix + "mlp.gate.e_score_correction_bias", [number("n_routed_experts")])
                addGated(prefix + "mlp.shared_experts.", inner: number("moe_intermediate_size"))
            case .phi3, .phi3WithLongRope:
                addProjection(prefix + "mlp.gate_up_proj", 2 * number("intermediate_size"), size)
                addProjection(prefix + "mlp.down_proj", size, number("intermediate_size"))
            default: addGated(prefix + "mlp.", inner: number("intermediate_size"), biased: kind == .llama)
            }
        }
    }

    private func normNames(_ kind: Kind) -> [String] {
        switch kind {
        case .olmo2: ["post_attention_layernorm", "post_feedforward_layernorm"]
        case .gemma3:
            [
                "input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm",
                "post_feedforward_layernorm",
            ]
        default: ["input_layernorm", "post_attention_layernorm"]
        }
    }

    private func addAttention(_ prefix: String, _ kind: Kind) {
        let head = configuration["head_dim"] as? Int ?? size / number("num_attention_heads")
        let inner = number("num_attention_heads") * head, groups = number("num_key_value_heads") * head
        let isGPT = kind == .gptOSS || kind == .gptOSSInMXFP4
        let biased = isGPT || kind == .llama || kind == .qwen2 || kind == .qwen2MoE || kind == .glm4MoE
        guard kind != .phi3, kind != .phi3WithLongRope else {
            addProjection(prefix + "qkv_proj", inner + 2 * groups, size, scale: 2)
            return addProjection(prefix + "o_proj", size, inner)
        }
        // Query weights are larger, so that attention is far from uniform.
        addProjection(prefix + "q_proj", inner, size, biased: biased, scale: 2)
        addProjection(prefix + "k_proj", groups, size, biased: biased)
        addProjection(prefix + "v_proj", groups, size, biased: biased)
        addProjection(prefix + "o_proj", size, inner, biased: isGPT || kind == .llama)
        if isGPT { add(prefix + "sinks", [number("num_attention_heads")], scale: 1) }
        switch kind {
        case .qwen3, .qwen3MoE, .glm4MoE:
            add(prefix + "q_norm.weight", [head], around: 1.5)
            add(prefix + "k_norm.weight", [head], around: 1)
        case .gemma3:
            add(prefix + "q_norm.weight", [head], around: 0.5)
            add(prefix + "k_norm.weight", [head])
        case .olmo2:
            add(prefix + "q_norm.weight", [inner], around: 1.5)
            add(prefix + "k_norm.weight", [groups], around: 1)
        default: break
        }
    }

    private func addLatentAttention(_ prefix: String) {
        let heads = number("num_attention_heads"), rank = number("kv_lora_rank"), rotary = number("qk_rope_head_dim")
        let queries = heads * (number("qk_nope_head_dim") + rotary), values = number("v_head_dim")
        if let queryRank = configuration["q_lora_rank"] as? Int {
            addProjection(prefix + "q_a_proj", queryRank, size)
            add(prefix + "q_a_layernorm.weight", [queryRank], around: 1)
            addProjection(prefix + "q_b_proj", queries, queryRank, scale: 2)
        } else {
            addProjection(prefix + "q_proj", queries, size, scale: 2)
        }
        addProjection(prefix + "kv_a_proj_with_mqa", rank + rotary, size)
        add(prefix + "kv_a_layernorm.weight", [rank], around: 1)
        addProjection(prefix + "kv_b_proj", heads * (number("qk_nope_head_dim") + values), rank)
        addProjection(prefix + "o_proj", size, heads * values)
    }

    private func addGated(_ prefix: String, inner: Int, biased: Bool = false) {
        addProjection(prefix + "gate_proj", inner, size, biased: biased)
        addProjection(prefix + "up_proj", inner, size, biased: biased)
        addProjection(prefix + "down_proj", size, inner, biased: biased)
    }

    private func addExperts(_ prefix: String, count: Int) {
        addProjection(prefix + "gate", count, size)
        for expert in 0..<count { addGated(prefix + "experts.\(expert).", inner: number("moe_intermediate_size")) }
    }

    private func addClampedExperts(_ prefix: String, inMXFP4: Bool) {
        let count = number("num_local_experts"), inner = number("intermediate_size")
        addProjection(prefix + "router", count, size, biased: true)
        for (name, outputs, inputs) in [("gate_up_proj", 2 * inner, size), ("down_proj", size, inner)] {
            add(prefix + "experts.\(name)_bias", [count, outputs])
            guard inMXFP4 else {
                add(prefix + "experts.\(name)", [count, inputs, outputs], scale: 1 / Double(inputs).squareRoot())
                continue
            }
            let blocks = (0..<count * outputs * inputs / 2).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) }
            // 2^-5 or 2^-4, so that weights of up to 6 stay small.
            let scales = (0..<count * outputs * inputs / 32).map { _ in UInt8(122 + random.nextWord() % 2) }
            tensors.append(
                NewTensor(prefix + "experts.\(name)_blocks", [count, outputs, inputs / 32, 16], bytes: blocks, as: .u8))
            tensors.append(
                NewTensor(prefix + "experts.\(name)_scales", [count, outputs, inputs / 32], bytes: scales, as: .u8))
        }
    }

    private func addProjection(_ name: String, _ rows: Int, _ columns: Int, biased: Bool = false, scale: Double = 1) {
        add(name + ".weight", [rows, columns], scale: scale / Double(columns).squareRoot())
        if biased { add(name + ".bias", [rows]) }
    }

    private func add(_ name: String, _ shape: [Int], around mean: Double = 0, scale: Double = 0.2) {
        let values = (0..<shape.reduce(1, *)).map { _ in Float(mean + scale * random.normal()) }
        // Different types, so that none is read as another.
        let type: ElementType = [.f32, .bf16, .f16][name.utf8.count % 3]
        tensors.append(NewTensor(name, shape, values, as: type))
    }
}
