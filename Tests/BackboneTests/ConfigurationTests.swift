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
