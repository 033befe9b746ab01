import Foundation

extension TinyModel {
    /// What config.json of the younger families says beside or in place of the common keys.
    static func laterDepartures(_ kind: Kind) -> [String: Any] {
        switch kind {
        case .mistral: ["model_type": "mistral", "head_dim": 8, "sliding_window": 7]
        case .mixtral:
            [
                "model_type": "mixtral", "num_local_experts": 5, "num_experts_per_tok": 2, "sliding_window": NSNull(),
                "rope_scaling": ["type": "linear", "factor": 4.0] as [String: Any],
            ]
        case .qwen2MoE:
            [
                "model_type": "qwen2_moe", "num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 12,
                "shared_expert_intermediate_size": 18, "norm_topk_prob": false, "mlp_only_layers": [1],
                "rope_scaling": ["rope_type": "dynamic", "factor": 2.0] as [String: Any],
            ]
        case .smolLM3:
            [
                "model_type": "smollm3", "no_rope_layer_interval": 2, "tie_word_embeddings": true,
                "use_sliding_window": true, "sliding_window": 9,
            ]
        case .gemma3:
            [
                "model_type": "gemma3_text", "head_dim": 8, "hidden_act": NSNull(),
                "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 12, "sliding_window": 6,
                "sliding_window_pattern": 2, "rope_local_base_freq": 100.0, "tie_word_embeddings": true,
                "rope_scaling": ["rope_type": "linear", "factor": 8.0] as [String: Any],
            ]
        case .olmo2: ["model_type": "olmo2"]
        case .phi3: ["model_type": "phi3", "head_dim": 8, "partial_rotary_factor": 0.75, "sliding_window": 11]
        case .phi3WithLongRope:
            [
                "model_type": "phi3", "head_dim": 8, "original_max_position_embeddings": 72,
                "rope_scaling": [
                    "type": "longrope", "short_factor": [1, 1.1, 1.3, 1.5], "long_factor": [1.2, 2, 3, 4.5],
                ] as [String: Any],
            ]
        case .glm4MoE:
            [
                "model_type": "glm4_moe", "head_dim": 8, "attention_bias": true, "use_qk_norm": true,
                "partial_rotary_factor": 0.5, "n_routed_experts": 6, "n_shared_experts": 1, "num_experts_per_tok": 2,
                "n_group": 1, "topk_group": 1, "moe_intermediate_size": 12, "first_k_dense_replace": 1,
                "norm_topk_prob": true, "routed_scaling_factor": 1.5,
            ]
        default: [:]
        }
    }
}
