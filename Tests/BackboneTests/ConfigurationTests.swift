import Foundation
import TestSupport
import Testing
@testable import Backbone

@Suite struct ConfigurationTests {
    /// Reads config.json of a kind with some keys changed.
    private func read(_ kind: TinyModel.Kind, _ changes: [String: Any] = [:]) throws -> ModelConfiguration {
        try TinyModel(kind, changes).loadConfiguration()
    }

    private func failure(_ kind: TinyModel.Kind, _ changes: [String: Any]) throws -> ModelError {
        let tiny = try TinyModel(kind)
        tiny.configuration.merge(changes) { $1 }
        try tiny.writeConfiguration()
        let error = #expect(throws: ModelError.self) { try ModelConfiguration(directory: tiny.folder) }
        return try #require(error)
    }

    @Test func bothLayoutsOfRopeSayTheSame() throws {
        let old = try read(.llama)
        let new = try read(
            .llama,
            [
                "rope_theta": NSNull(), "rope_scaling": NSNull(),
                "rope_parameters": [
                    "rope_type": "llama3", "rope_theta": 10_000.0, "factor": 8.0, "low_freq_factor": 1.0,
                    "high_freq_factor": 4.0,
                    "original_max_position_embeddings": 32,
                ] as [String: Any],
            ])
        #expect(old == new)
        #expect(
            old.rope.scaling == .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 32))
    }

    @Test func typeStandsForRopeType() throws {
        let scaling: [String: Any] = ["factor": 4.0, "original_max_position_embeddings": 32]
        let older = try read(.qwen2, ["rope_scaling": scaling.merging(["type": "yarn"]) { $1 }])
        let newer = try read(.qwen2, ["rope_scaling": scaling.merging(["rope_type": "yarn"]) { $1 }])
        #expect(older.rope == newer.rope)
        #expect(
            older.rope.scaling
                == .yarn(
                    .init(
                        factor: 4, betaFast: 32, betaSlow: 1, originalContext: 32, truncates: true,
                        attentionFactor: nil, scale: 0,
                        allDimensionsScale: 0)))
    }

    @Test func endTokensAreOneOrSeveral() throws {
        let tiny = try TinyModel(.llama, ["eos_token_id": 2])
        #expect(try ModelConfiguration(directory: tiny.folder).endTokens == [2])
        let generation = tiny.folder.appendingPathComponent("generation_config.json")
        // Several in generation_config.json, as Llama 3.1 has them, go before the one of config.json.
        try Data(#"{"eos_token_id": [11, 8, 9], "bos_token_id": 4}"#.utf8).write(to: generation)
        #expect(try ModelConfiguration(directory: tiny.folder).endTokens == [11, 8, 9, 2])
        try Data(#"{"eos_token_id": 7}"#.utf8).write(to: generation)
        #expect(try ModelConfiguration(directory: tiny.folder).endTokens == [7, 2])
        try Data(#"{"temperature": 0.6}"#.utf8).write(to: generation)
        #expect(try ModelConfiguration(directory: tiny.folder).endTokens == [2])
        try Data(#"{"eos_token_id": "</s>"}"#.utf8).write(to: generation)
        let error = #expect(throws: ModelError.self) { try ModelConfiguration(directory: tiny.folder) }
        #expect(
            error?.description
                == "\(generation.path): found \"</s>\" for 'eos_token_id', expected a whole number of at least 0, or "
                + "a list of them"
        )
    }

    @Test func windowsFollowEachFamilysRule() throws {
        #expect(try read(.qwen2).windows == [nil, 7, 7])
        #expect(try read(.qwen2, ["use_sliding_window": false]).windows == [nil, nil, nil])
        #expect(try read(.qwen3MoE, ["use_sliding_window": true, "sliding_window": 9]).windows == [9, 9, 9])
        #expect(try read(.gptOSS).windows == [6, nil, 6])
        let types = ["full_attention", "full_attention", "sliding_attention"]
        #expect(try read(.gptOSS, ["layer_types": types]).windows == [nil, nil, 6])
        #expect(
            try failure(.gptOSS, ["layer_types": ["full_attention"]]).description.hasSuffix(
                "config.json: found 1 layer for 'layer_types', expected 3, as num_hidden_layers says"))
        #expect(
            try failure(.gptOSS, ["layer_types": ["full_attention", "full_attention", "chunked_attention"]]).kind
                == .unsupported)
    }

    @Test func windowsOfYoungerFamiliesFollowTheirRules() throws {
        // A key that is null is not one that is absent.
        #expect(try read(.mistral).windows == [7, 7, 7])
        #expect(try read(.mistral, ["sliding_window": NSNull()]).windows == [nil, nil, nil])
        let tiny = try TinyModel(.mistral)
        tiny.configuration["sliding_window"] = nil
        try tiny.writeConfiguration()
        #expect(try tiny.loadConfiguration().windows == [4096, 4096, 4096])
        #expect(try read(.mixtral).windows == [nil, nil, nil])
        #expect(try read(.mixtral, ["sliding_window": 5]).windows == [5, 5, 5])
        let sliding: [String: Any] = ["use_sliding_window": true, "sliding_window": 9, "max_window_layers": 2]
        #expect(try read(.qwen2MoE, sliding).windows == [9, nil, nil])
        #expect(try read(.qwen2MoE, ["use_sliding_window": false, "sliding_window": 0]).windows == [nil, nil, nil])
        #expect(try read(.smolLM3).windows == [nil, 9, nil])
        #expect(try read(.smolLM3, ["no_rope_layers": [0, 1, 1]]).windows == [9, nil, nil])
        #expect(try read(.gemma3).windows == [6, nil, 6])
        #expect(try read(.gemma3, ["sliding_window_pattern": NSNull()]).windows == [6, 6, 6])
        let types = ["full_attention", "full_attention", "sliding_attention"]
        #expect(try read(.gemma3, ["layer_types": types]).windows == [nil, nil, 6])
        #expect(
            try read(.gemma3, ["sliding_window_pattern": NSNull(), "_sliding_window_pattern": 3]).windows == [
                6, 6, nil,
            ])
    }

    @Test func whatAFileLeavesOutIsTheFamilys() throws {
        let gemma = try read(
            .gemma3,
            [
                "tie_word_embeddings": NSNull(), "query_pre_attn_scalar": NSNull(), "rope_theta": NSNull(),
                "rope_local_base_freq": NSNull(), "head_dim": NSNull(), "hidden_activation": NSNull(),
            ])
        #expect(gemma.tiesEmbeddings && gemma.headSize == 256 && gemma.activation == .gelu)
        #expect(gemma.attentionScale == 1 / 16 && gemma.rope.base == 1_000_000)
        #expect(gemma.windowRope == RopeConfiguration(base: 10_000))
        #expect(try read(.smolLM3, ["tie_word_embeddings": NSNull()]).tiesEmbeddings)
        #expect(try read(.smolLM3, ["no_rope_layer_interval": NSNull()]).ropeLayers == [true, true, true])
        #expect(try read(.smolLM3).ropeLayers == [true, false, true])
        #expect(try !read(.mistral).tiesEmbeddings)
        #expect(try read(.mixtral, ["rope_theta": NSNull(), "rms_norm_eps": NSNull()]).normEpsilon == 1e-5)
        #expect(try read(.qwen2MoE, ["qkv_bias": false]).hasQueryKeyValueBias == false)
        let glm = try read(
            .glm4MoE,
            [
                "partial_rotary_factor": NSNull(), "n_group": NSNull(), "topk_group": NSNull(), "use_qk_norm": NSNull(),
                "attention_bias": NSNull(), "first_k_dense_replace": NSNull(), "n_shared_experts": NSNull(),
            ])
        #expect(glm.rotarySize == 4 && glm.headNorms == .none && !glm.hasQueryKeyValueBias)
        #expect(glm.experts?.layers == [false, true, true] && glm.experts?.sharedIntermediateSize == 12)
        let biased = try read(.glm4MoE)
        #expect(biased.hasQueryKeyValueBias && !biased.hasOutputBias && biased.headNorms == .eachHead)
    }

    @Test func gemmasRopesAreTheSameInBothLayouts() throws {
        let new = try read(
            .gemma3,
            [
                "rope_theta": NSNull(), "rope_scaling": NSNull(), "rope_local_base_freq": NSNull(),
                "rope_parameters": [
                    "full_attention": ["rope_type": "linear", "factor": 8.0, "rope_theta": 10_000.0] as [String: Any],
                    "sliding_attention": ["rope_type": "default", "rope_theta": 100.0] as [String: Any],
                ],
            ])
        let old = try read(.gemma3)
        #expect(old == new)
        #expect(old.rope == RopeConfiguration(base: 10_000, scaling: .linear(factor: 8)))
        #expect(old.windowRope == RopeConfiguration(base: 100))
    }

    @Test func familiesAreFoundByArchitectureToo() throws {
        let configuration = try read(.qwen3MoE, ["model_type": NSNull(), "architectures": ["Qwen3MoeForCausalLM"]])
        #expect(configuration.family == .qwen3MoE)
    }

    @Test func whatIsNotSupportedIsNamedWithWhatIs() throws {
        let architecture = try failure(.llama, ["model_type": "mamba", "architectures": ["MambaForCausalLM"]])
        #expect(architecture.kind == .unsupported)
        #expect(
            architecture.description.contains(
                "found 'mamba' for 'model_type', which is not supported; supported: llama (LlamaForCausalLM), qwen2"))
        let rope = try failure(.llama, ["rope_scaling": ["rope_type": "proportional", "factor": 2.0] as [String: Any]])
        #expect(rope.kind == .unsupported)
        #expect(
            rope.description.hasSuffix(
                "found the rope type 'proportional' for 'rope_scaling.rope_type', which is not supported; supported: "
                    + "default, linear, dynamic, llama3, yarn, longrope"
            ))
        let fp8 = try failure(.deepSeekV3, ["quantization_config": ["quant_method": "fp8"]])
        #expect(fp8.kind == .unsupported)
        #expect(
            fp8.description.hasSuffix(
                "found 'fp8' in a model of family deepseek_v3 for "
                    + "'quantization_config.quant_method', which is not supported; "
                    + "supported: 'mxfp4' in gpt_oss, and F32, F16 and BF16 without quantization in all families"))
        #expect(try failure(.gptOSS, ["quantization_config": ["quant_method": "awq"]]).kind == .unsupported)
        #expect(try failure(.llama, ["quantization_config": ["quant_method": "mxfp4"]]).kind == .unsupported)
        #expect(try failure(.qwen2, ["hidden_act": "gelu"]).kind == .unsupported)
        #expect(try failure(.qwen2, ["partial_rotary_factor": 0.5]).kind == .unsupported)
    }

    @Test func missingAndIllTypedKeysAreNamed() throws {
        let missing = try failure(.llama, ["hidden_size": NSNull()])
        #expect(missing.kind == .malformed)
        #expect(
            missing.description.hasSuffix(
                "config.json: found nothing for 'hidden_size', expected a whole number from 1 to 16777216"))
        #expect(
            try failure(.llama, ["num_hidden_layers": "three"]).description.hasSuffix(
                "found \"three\" for 'num_hidden_layers', expected a whole number from 1 to 10000"))
        #expect(
            try failure(.llama, ["num_key_value_heads": 3]).description.hasSuffix(
                "found 3 for 'num_key_value_heads', expected a divisor of the 4 attention heads"))
        #expect(
            try failure(.llama, ["rope_scaling": ["rope_type": "llama3"]]).description.hasSuffix(
                "found nothing for 'rope_scaling.factor', expected a number above 0"))
        #expect(
            try failure(.qwen3MoE, ["num_experts_per_tok": 6]).description.hasSuffix(
                "found 6 for 'num_experts_per_tok', expected a whole number from 1 to 5"))
        #expect(
            try failure(.deepSeekV3, ["n_group": 3]).description.hasSuffix(
                "found 3 for 'n_group', expected groups of equal size, at least 2, of the 8 experts"))
        #expect(
            try failure(.llama, ["model_type": NSNull()]).description.contains(
                "found nothing for 'model_type', expected one of llama"))
        #expect(
            try failure(.qwen2, ["tie_word_embeddings": "yes"]).description.hasSuffix(
                "found \"yes\" for 'tie_word_embeddings', expected true or false"))
    }

    @Test func keysOfYoungerFamiliesAreHeldToTheirRanges() throws {
        func ending(_ kind: TinyModel.Kind, _ changes: [String: Any]) throws -> String {
            let error = try failure(kind, changes)
            #expect(!error.description.contains("\n"))
            return String(error.description.split(separator: "config.json: ", maxSplits: 1)[1])
        }
        #expect(
            try ending(.mistral, ["sliding_window": -1])
                == "found -1 for 'sliding_window', expected a whole number from 1 to 2147483647")
        #expect(
            try ending(.mixtral, ["num_local_experts": NSNull()])
                == "found nothing for 'num_experts', expected a whole number from 1 to 65536")
        #expect(
            try ending(.mixtral, ["rope_scaling": ["type": "linear"]])
                == "found nothing for 'rope_scaling.factor', expected a number above 0")
        #expect(
            try ending(.qwen2MoE, ["shared_expert_intermediate_size": NSNull()])
                == "found nothing for 'shared_expert_intermediate_size', expected a whole number from 1 to 16777216")
        #expect(
            try ending(.smolLM3, ["no_rope_layers": [1, 0]])
                == "found 2 layers for 'no_rope_layers', expected 3, as num_hidden_layers says")
        #expect(
            try ending(.smolLM3, ["no_rope_layer_interval": 0])
                == "found 0 for 'no_rope_layer_interval', expected a whole number from 1 to 2147483647")
        #expect(
            try ending(.gemma3, ["hidden_activation": "relu"])
                == "found 'relu' for 'hidden_activation', which is not supported; supported: gelu_pytorch_tanh")
        #expect(
            try ending(.gemma3, ["final_logit_softcapping": 30.0])
                == "found 30.0 for 'final_logit_softcapping', which is not supported; supported: null, no cap")
        #expect(try ending(.gemma3, ["use_bidirectional_attention": true]).hasSuffix("supported: false"))
        #expect(
            try ending(.gemma3, ["query_pre_attn_scalar": 0])
                == "found 0 for 'query_pre_attn_scalar', expected a number above 0")
        #expect(
            try ending(.gemma3, ["sliding_window": NSNull()])
                == "found nothing for 'sliding_window', expected a whole number from 1 to 2147483647")
        #expect(
            try ending(.olmo2, ["rope_scaling": ["rope_type": "dynamic", "factor": 0]])
                == "found 0 for 'rope_scaling.factor', expected a number above 0")
        #expect(
            try ending(.olmo2, ["hidden_act": "gelu"])
                == "found 'gelu' for 'hidden_act', which is not supported; supported: silu")
        for share in [0.2, 0.4, 1.5] {
            #expect(
                try ending(.phi3, ["partial_rotary_factor": share])
                    == "found \(share) for 'partial_rotary_factor', expected a share of at most 1 that leaves an even "
                    + "number of a head's 8 elements")
        }
        #expect(
            try ending(.glm4MoE, ["num_experts_per_tok": 7])
                == "found 7 for 'num_experts_per_tok', expected a whole number from 1 to 6")
        #expect(try ending(.glm4MoE, ["partial_rotary_factor": "half"]).hasSuffix("expected a number above 0"))
    }

    /// Sizes multiply: each has an end, so that no product leaves `Int`.
    @Test(arguments: [
        "hidden_size", "vocab_size", "num_hidden_layers", "max_position_embeddings", "intermediate_size",
        "num_attention_heads", "num_key_value_heads", "head_dim", "kv_lora_rank", "q_lora_rank", "qk_nope_head_dim",
        "qk_rope_head_dim", "v_head_dim", "n_routed_experts", "moe_intermediate_size", "n_shared_experts",
        "first_k_dense_replace",
    ])
    func sizesHaveAnEnd(key: String) throws {
        let kind = key == "head_dim" ? TinyModel.Kind.llama : .deepSeekV3
        for value in [Int.max, 1 << 62, 1 << 31] {
            let error = try failure(kind, [key: value])
            #expect(error.description.contains("found \(value) for '\(key)', expected a whole number from "))
        }
    }

    @Test func brokenFilesAreNamed() throws {
        let tiny = try TinyModel(.llama), file = tiny.folder.appendingPathComponent("config.json")
        try Data("{\"model_type\": \"llama\",\n \"hidden_size\" 24}".utf8).write(to: file)
        let broken = #expect(throws: ModelError.self) { try tiny.load() }
        #expect(
            broken?.description == "\(file.path) is not valid JSON, line 2: found '2', expected a colon after the key")
        try Data("[1]".utf8).write(to: file)
        let list = #expect(throws: ModelError.self) { try tiny.load() }
        #expect(list?.description == "\(file.path): found a list of 1, expected an object")
        try FileManager.default.removeItem(at: file)
        let absent = #expect(throws: ModelError.self) { try tiny.load() }
        #expect(absent?.kind == .unreadable)
        #expect(
            absent?.description
                == "\(file.path): cannot be read: No such file or directory, expected a model's configuration")
    }
}
