import Foundation
import Safetensors
import TestSupport
import Testing
@testable import Backbone

/// What a user can get wrong with a checkpoint or with tokens is one line with names and numbers.
@Suite struct ModelErrorTests {
    private func sentence(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    private func loading(_ tiny: TinyModel) -> String {
        let sentence = sentence { _ = try tiny.load() }
        #expect(!sentence.contains("\n"))
        return sentence
    }

    @Test func missingTensorsAreNamed() throws {
        for (kind, name) in [
            (TinyModel.Kind.llama, "model.layers.2.mlp.up_proj.bias"), (.qwen2, "model.layers.1.self_attn.k_proj.bias"),
            (.qwen3, "model.layers.0.self_attn.q_norm.weight"),
            (.qwen3MoE, "model.layers.2.mlp.experts.4.down_proj.weight"),
            (.gptOSS, "model.layers.1.self_attn.sinks"),
            (.gptOSSInMXFP4, "model.layers.1.mlp.experts.down_proj_scales"),
            (.deepSeekV3, "model.layers.1.mlp.gate.e_score_correction_bias"),
            (.mistral, "model.layers.0.self_attn.v_proj.weight"),
            (.mixtral, "model.layers.2.block_sparse_moe.experts.4.w2.weight"),
            (.qwen2MoE, "model.layers.2.mlp.shared_expert_gate.weight"),
            (.qwen2MoE, "model.layers.0.mlp.shared_expert.up_proj.weight"),
            (.smolLM3, "model.layers.1.self_attn.q_proj.weight"),
            (.gemma3, "model.layers.2.pre_feedforward_layernorm.weight"),
            (.gemma3, "model.layers.0.self_attn.k_norm.weight"),
            (.olmo2, "model.layers.1.post_feedforward_layernorm.weight"),
            (.phi3, "model.layers.0.self_attn.qkv_proj.weight"), (.phi3, "model.layers.2.mlp.gate_up_proj.weight"),
            (.glm4MoE, "model.layers.1.mlp.gate.e_score_correction_bias"),
            (.glm4MoE, "model.layers.0.self_attn.q_norm.weight"),
            (.llama, "model.embed_tokens.weight"), (.qwen2, "model.embed_tokens.weight"),
        ] {
            let tiny = try TinyModel(kind)
            try tiny.replace(name, with: nil)
            let sentence = loading(tiny)
            #expect(sentence.contains("expected one called '\(name)'"), "\(sentence)")
        }
    }

    @Test func aPathThatIsNoFolderIsToldWhatWasExpected() throws {
        let tiny = try TinyModel(.llama), place = tiny.folder
        func sentences(_ path: URL) -> [String] {
            [
                sentence { _ = try Transformer(directory: path) },
                sentence { _ = try ModelConfiguration(directory: path) },
            ]
        }
        // Whatever it is called.
        let gguf = place.appendingPathComponent("model.bin")
        try Data("GGUF\u{3}\0\0\0".utf8).write(to: gguf)
        for words in sentences(gguf) {
            #expect(words.hasPrefix("\(gguf.path), byte 8: found the end of the file after 0 bytes, expected 8 of"))
        }
        for words in sentences(place.appendingPathComponent("model.safetensors")) {
            #expect(words.contains("model.safetensors: is a file, expected the model's folder"))
        }
        // Beside a config.json it is none of our business.
        _ = try tiny.load()
        try FileManager.default.removeItem(at: place.appendingPathComponent("config.json"))
        for words in sentences(place) { #expect(words.contains("holds the GGUF file model.bin, expected the model's")) }
    }

    @Test func aMissingOutputMatrixGetsAdvice() throws {
        let tiny = try TinyModel(.llama)
        try tiny.replace("lm_head.weight", with: nil)
        let sentence = loading(tiny)
        #expect(sentence.contains("found no tensor 'lm_head.weight'"))
        #expect(sentence.contains("\"tie_word_embeddings\": true") && !sentence.contains("model.layers"))
    }

    @Test func wrongShapesAreNamed() throws {
        let tiny = try TinyModel(.llama), name = "model.layers.1.mlp.down_proj.weight"
        try tiny.replace(name, with: NewTensor(name, [20, 24], [Float](repeating: 0, count: 480)))
        #expect(loading(tiny).hasSuffix("found tensor '\(name)' with the shape [20, 24], expected [24, 20]"))
        let stack = try TinyModel(.gptOSSInMXFP4), blocks = "model.layers.0.mlp.experts.gate_up_proj_blocks"
        try stack.replace(
            blocks, with: NewTensor(blocks, [4, 64, 2, 8], bytes: [UInt8](repeating: 0, count: 4096), as: .u8))
        #expect(
            loading(stack).hasSuffix("found tensor '\(blocks)' with the shape [4, 64, 2, 8], expected [4, 64, 1, 16]"))
    }

    @Test func wrongShapesOfFusedAndWideTensorsAreNamed() throws {
        // (32 + 2·16) × 24 for queries, keys and values; norms of all heads, not of one.
        for (kind, name, found, expected) in [
            (TinyModel.Kind.phi3, "model.layers.1.self_attn.qkv_proj.weight", [48, 24], [64, 24]),
            (.phi3, "model.layers.1.mlp.gate_up_proj.weight", [20, 24], [40, 24]),
            (.olmo2, "model.layers.0.self_attn.q_norm.weight", [6], [24]),
            (.gemma3, "model.layers.0.self_attn.q_norm.weight", [32], [8]),
            (.qwen2MoE, "model.layers.0.mlp.shared_expert_gate.weight", [24, 1], [1, 24]),
        ] {
            let tiny = try TinyModel(kind)
            try tiny.replace(name, with: NewTensor(name, found, [Float](repeating: 0, count: found.reduce(1, *))))
            #expect(
                loading(tiny).hasSuffix("found tensor '\(name)' with the shape \(found), expected \(expected)"))
        }
    }

    @Test func wrongTypesAreNamed() throws {
        let tiny = try TinyModel(.llama), name = "model.layers.0.mlp.gate_proj.weight"
        try tiny.replace(name, with: NewTensor(name, [20, 24], [Int32](repeating: 0, count: 480)))
        #expect(loading(tiny).hasSuffix("found tensor '\(name)' with the type I32, expected F32, F16, BF16"))
    }

    @Test func truncatedShardsAreNamed() throws {
        let tiny = try TinyModel(.qwen3)
        let whole = tiny.folder.appendingPathComponent("model.safetensors"),
            shard = tiny.folder.appendingPathComponent("a.safetensors")
        let names = try SafetensorsFile(url: whole).names
        try FileManager.default.moveItem(at: whole, to: shard)
        let map = Dictionary(uniqueKeysWithValues: names.map { ($0, "a.safetensors") })
        try JSONSerialization.data(withJSONObject: ["weight_map": map])
            .write(to: tiny.folder.appendingPathComponent("model.safetensors.index.json"))
        _ = try tiny.load()
        let file = try FileHandle(forWritingTo: shard)
        let size = try file.seekToEnd()
        try file.truncate(atOffset: size - 100)
        try file.close()
        let sentence = loading(tiny)
        #expect(sentence.hasPrefix(shard.path) && sentence.contains("for tensor 'model."), "\(sentence)")
        #expect(sentence.contains("expected an end within the ") && sentence.hasSuffix(" bytes of data"), "\(sentence)")
    }

    @Test func tokensOutsideOfTheVocabularyAreNamed() throws {
        let model = try TinyModel(.llama).load()
        #expect(
            sentence { _ = try model.hidden([[1, 2], [3, 40, 5]]) }
                == "found token id 40 at position 1 of sequence 1, expected 0 to 39")
        #expect(
            sentence { _ = try model.hidden([[-1]]) }
                == "found token id -1 at position 0 of sequence 0, expected 0 to 39")
        // A step that is refused leaves its caches as they were.
        let cache = model.makeCache(), other = model.makeCache()
        _ = try model.advance([(cache, [1, 2, 3])])
        #expect(
            sentence { _ = try model.advance([(cache, [4]), (other, [99])]) }
                == "found token id 99 at position 0 of sequence 1, expected 0 to 39")
        #expect(cache.count == 3 && other.count == 0)
    }

    @Test func sequencesLongerThanTheContextAreNamed() throws {
        let tiny = try TinyModel(.llama), model = try tiny.load()
        #expect(
            sentence { _ = try model.hidden([[1], tiny.tokens(129)]) }
                == "found 129 tokens in sequence 1, expected at most 128, the model's max_position_embeddings")
        let cache = model.makeCache()
        _ = try model.advance([(cache, tiny.tokens(128))])
        #expect(
            sentence { _ = try model.advance([(cache, [1])]) }
                == "found 129 tokens (128 of them in its cache) in sequence 0, expected at most 128, the model's "
                + "max_position_embeddings"
        )
    }

    @Test func emptyInputIsRefused() throws {
        let model = try TinyModel(.llama).load()
        #expect(sentence { _ = try model.hidden([]) } == "found no sequences, expected at least one")
        #expect(sentence { _ = try model.hidden([[1], []]) } == "found no tokens in sequence 1, expected at least one")
        #expect(
            sentence { _ = try model.advance([(model.makeCache(), [])]) }
                == "found no tokens in sequence 0, expected at least one")
    }
}
