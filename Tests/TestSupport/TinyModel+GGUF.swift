import Foundation
import Safetensors

extension TinyModel {
    /// Number and name of the types that the tiny models have.
    private static let types: [ElementType: UInt32] = [.f32: 0, .f16: 1, .bf16: 30]

    private static let parts = [
        "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
        "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.gate": "ffn_gate_inp",
        "mlp.router": "ffn_gate_inp",
    ]

    /// The same model as a converter writes it: llama's queries and keys reordered, an expert's matrices joined with
    /// those of the others.
    ///
    /// - Parameters:
    ///   - architecture: as `general.architecture` names it.
    ///   - vocabulary: whether a tokenizer goes with it: tokens that are the bytes from 0 on.
    package func gguf(_ architecture: String, vocabulary: Bool = false) throws -> GGUFBytes {
        var file = GGUFBytes()
        let head = configuration["head_dim"] as? Int ?? number("hidden_size") / number("num_attention_heads")
        file.set("general.architecture", architecture)
        for (key, name) in [
            ("context_length", "max_position_embeddings"), ("embedding_length", "hidden_size"),
            ("block_count", "num_hidden_layers"), ("feed_forward_length", "intermediate_size"),
            ("attention.head_count", "num_attention_heads"), ("attention.head_count_kv", "num_key_value_heads"),
            ("expert_count", "num_experts"), ("expert_used_count", "num_experts_per_tok"),
            ("expert_feed_forward_length", "moe_intermediate_size"), ("expert_count", "num_local_experts"),
            ("attention.sliding_window", "sliding_window"),
        ] where configuration[name] != nil { file.set("\(architecture).\(key)", number(name)) }
        file.set("\(architecture).attention.key_length", head)
        file.set("\(architecture).attention.value_length", head)
        file.set("\(architecture).attention.layer_norm_rms_epsilon", configuration["rms_norm_eps"] as? Double ?? 0)
        file.set("\(architecture).rope.freq_base", configuration["rope_theta"] as? Double ?? 0)
        if let scaling = configuration["rope_scaling"] as? [String: Any], scaling["rope_type"] as? String == "yarn" {
            file.set("\(architecture).rope.scaling.type", "yarn")
            file.set("\(architecture).rope.scaling.factor", scaling["factor"] as? Double ?? 0)
            file.set(
                "\(architecture).rope.scaling.original_context_length",
                scaling["original_max_position_embeddings"] as? Int ?? 0)
        }
        file.set("tokenizer.ggml.bos_token_id", 1)
        file.set("tokenizer.ggml.eos_token_id", 2)
        if vocabulary {
            file.set("tokenizer.ggml.model", "gpt2")
            file.set("tokenizer.ggml.pre", "gpt-2")
            file.set("tokenizer.ggml.tokens", (0..<number("vocab_size")).map { TokenizerFile.byteLevelCharacter($0) })
            file.set("tokenizer.ggml.merges", [String]())
        }
        try addTensors(to: &file, architecture, headSize: head)
        if let factors = ropeFactors(headSize: head) {
            file.tensors.append(.init("rope_freqs.weight", [factors.count], GGUFBytes.floats(factors)))
        }
        return file
    }

    private func addTensors(to file: inout GGUFBytes, _ architecture: String, headSize: Int) throws {
        let checkpoint = try Checkpoint(folder: folder.path)
        // A test may have made the weights unreadable on purpose.
        for entry in checkpoint.entries {
            let tensor = try checkpoint.tensor(entry.name), type = Self.types[entry.type] ?? .max
            var content = Array(tensor.bytes), parts = entry.name.split(separator: ".").map(String.init)
            let outer = [
                "model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
                "lm_head.weight": "output.weight",
            ]
            if let name = outer[entry.name] {
                file.tensors.append(.init(name, entry.shape, type: type, content))
                continue
            }
            let layer = parts[2], ending = parts.removeLast(), part = parts[3...].joined(separator: ".")
            if parts.count == 7, parts[4] == "experts" {
                // Stacks want one type.
                let name = "blk.\(layer).ffn_\(parts[6].dropLast(5))_exps.weight"
                content = GGUFBytes.floats(try tensor.values(as: Float.self))
                if let place = file.tensors.firstIndex(where: { $0.name == name }) {
                    let expert = Int(parts[5]) ?? 0
                    file.tensors[place].shape[0] = max(file.tensors[place].shape[0], expert + 1)
                    let known = file.tensors[place].content, start = expert * content.count
                    let grown = known + Array(repeating: 0, count: max(0, start + content.count - known.count))
                    file.tensors[place].content = Array(grown[..<start]) + content + grown[(start + content.count)...]
                } else {
                    let expert = Int(parts[5]) ?? 0
                    file.tensors.append(
                        .init(
                            name, [expert + 1] + entry.shape,
                            Array(repeating: 0, count: expert * content.count) + content
                        ))
                }
                continue
            }
            if architecture == "gpt-oss" {
                if entry.name.contains(".mlp.experts.") {
                    file.tensors += try Self.clampedExperts(tensor, layer: layer)
                    continue
                }
                if entry.name.hasSuffix("sinks") {
                    file.tensors.append(.init("blk.\(layer).attn_sinks.weight", entry.shape, type: type, content))
                    continue
                }
                if part == "post_attention_layernorm" {
                    file.tensors.append(
                        .init("blk.\(layer).post_attention_norm.\(ending)", entry.shape, type: type, content))
                    continue
                }
            }
            if architecture == "llama", part == "self_attn.q_proj" || part == "self_attn.k_proj" {
                content = Self.neighbouring(content, rows: entry.shape[0], headSize: headSize)
            }
            file.tensors.append(
                .init("blk.\(layer).\(Self.parts[part] ?? part).\(ending)", entry.shape, type: type, content))
        }
    }

    /// gpt_oss's stack of experts: transposed, and gate and up apart, which are the even and the odd outputs there.
    private static func clampedExperts(_ tensor: StoredTensor, layer: String) throws -> [GGUFBytes.Tensor] {
        let values = try tensor.values(as: Float.self), isBias = tensor.name.hasSuffix("_bias")
        let experts = tensor.shape[0], outputs = tensor.shape.last ?? 0, inputs = isBias ? 1 : tensor.shape[1]
        func stack(_ name: String, _ chosen: [Int]) -> GGUFBytes.Tensor {
            let content = (0..<experts).flatMap { expert in
                chosen.flatMap { output in
                    (0..<inputs).map { values[(expert * inputs + $0) * outputs + output] }
                }
            }
            let shape = isBias ? [experts, chosen.count] : [experts, chosen.count, inputs]
            return .init("blk.\(layer).\(name).\(isBias ? "bias" : "weight")", shape, GGUFBytes.floats(content))
        }
        guard tensor.name.contains("gate_up") else { return [stack("ffn_down_exps", Array(0..<outputs))] }
        return [
            stack("ffn_gate_exps", Array(stride(from: 0, to: outputs, by: 2))),
            stack("ffn_up_exps", Array(stride(from: 1, to: outputs, by: 2))),
        ]
    }

    /// Rows i and i + size/2 of each head one after the other.
    private static func neighbouring(_ content: [UInt8], rows: Int, headSize: Int) -> [UInt8] {
        let width = content.count / rows
        return (0..<rows).flatMap { row in
            let head = row / headSize, place = row % headSize
            let source = head * headSize + place % 2 * headSize / 2 + place / 2
            return content[source * width..<(source + 1) * width]
        }
    }

    /// What llama 3's rule divides frequencies by.
    private func ropeFactors(headSize: Int) -> [Float]? {
        guard let scaling = configuration["rope_scaling"] as? [String: Any],
            scaling["rope_type"] as? String == "llama3",
            let base = configuration["rope_theta"] as? Double, let factor = scaling["factor"] as? Double,
            let original = scaling["original_max_position_embeddings"] as? Int
        else { return nil }
        return (0..<headSize / 2).map { pair in
            let wave = 2 * .pi * pow(base, Double(2 * pair) / Double(headSize)), turns = Double(original) / wave
            if turns > 4 { return 1 }
            if turns < 1 { return Float(factor) }
            let smooth = (turns - 1) / 3
            return Float(1 / ((1 - smooth) / factor + smooth))
        }
    }
}
