import Backbone
import Decoding
import Foundation
import Safetensors
import Tasks
import Tensor
import Tokenizers
@testable import Trajectories

/// A folder that is there as long as this object.
final class TemporaryFolder {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
        "autodeco-trajectories-tests-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: url.appendingPathComponent(name))
        return path(name)
    }

    /// The bytes of all files, by name.
    func files(below folder: String = ".") throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: path(folder)) {
            files[name] = FileManager.default.contents(atPath: path("\(folder)/\(name)"))
        }
        return files
    }
}

/// A tiny Llama of seeded random weights with characters as tokens, as published folders are.
///
/// Ids: `<s>` 0, `</s>` 1, then the characters, then "99", the one merge.
final class TinyModel {
    static let characters = "0123456789+-*/=,?!>: \nceritandvs".map { $0 == " " ? "Ġ" : $0 == "\n" ? "Ċ" : String($0) }
    static let vocabularySize = 3 + characters.count

    let folder: TemporaryFolder
    let model: Transformer
    let tokenizer: Tokenizer

    init(contextLength: Int = 96, changes: [String: Any] = [:]) throws {
        folder = try TemporaryFolder()
        let size = 24, inner = 20, layers = 2, V = Self.vocabularySize
        let configuration: [String: Any] = [
            "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": size, "vocab_size": V,
            "num_hidden_layers": layers,
            "max_position_embeddings": contextLength, "intermediate_size": inner, "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "rms_norm_eps": 1e-5, "rope_theta": 10_000.0, "eos_token_id": 1, "bos_token_id": 0, "hidden_act": "silu",
        ].merging(changes) { $1 }
        try JSONSerialization.data(withJSONObject: configuration).write(
            to: folder.url.appendingPathComponent("config.json"))

        var random = RandomGenerator(seed: 11), tensors: [NewTensor] = []
        func add(_ name: String, _ shape: [Int], around mean: Double = 0, scale: Double? = nil) {
            let scale = scale ?? 1 / Double(shape[shape.count - 1]).squareRoot()
            tensors.append(
                NewTensor(name, shape, (0..<shape.reduce(1, *)).map { _ in Float(mean + scale * random.normal()) }))
        }
        add("model.embed_tokens.weight", [V, size], scale: 1)
        add("lm_head.weight", [V, size], scale: 0.3)
        add("model.norm.weight", [size], around: 1, scale: 0.1)
        for layer in 0..<layers {
            let prefix = "model.layers.\(layer)."
            add(prefix + "input_layernorm.weight", [size], around: 1, scale: 0.1)
            add(prefix + "post_attention_layernorm.weight", [size], around: 1, scale: 0.1)
            for (name, rows, columns) in [
                ("q", size, size), ("k", size / 2, size), ("v", size / 2, size), ("o", size, size),
            ] {
                add(prefix + "self_attn.\(name)_proj.weight", [rows, columns])
            }
            add(prefix + "mlp.gate_proj.weight", [inner, size])
            add(prefix + "mlp.up_proj.weight", [inner, size])
            add(prefix + "mlp.down_proj.weight", [size, inner])
        }
        try SafetensorsWriter.write(tensors, to: folder.path("model.safetensors"))
        try Self.writeTokenizer(folder)
        model = try Transformer(directory: folder.url)
        tokenizer = try Tokenizer(directory: folder.url)
    }

    private static func writeTokenizer(_ folder: TemporaryFolder) throws {
        let tokens = ["<s>", "</s>"] + characters + ["99"]
        let byteLevel: [String: Any] = [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false,
        ]
        let special = tokens[..<2].enumerated().map { id, token -> [String: Any] in
            [
                "id": id, "content": token, "special": true, "normalized": false, "lstrip": false, "rstrip": false,
                "single_word": false,
            ]
        }
        let json: [String: Any] = [
            "version": "1.0", "truncation": NSNull(), "padding": NSNull(), "added_tokens": special,
            "normalizer": NSNull(),
            "pre_tokenizer": byteLevel, "decoder": byteLevel, "post_processor": NSNull(),
            "model": [
                "type": "BPE", "unk_token": "?",
                "vocab": Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, $0) }),
                "merges": ["9 9"],
            ] as [String: Any],
        ]
        try JSONSerialization.data(withJSONObject: json).write(to: folder.url.appendingPathComponent("tokenizer.json"))
        _ = try folder.write(
            "tokenizer_config.json", #"{"add_bos_token": true, "bos_token": "<s>", "eos_token": "</s>"}"#)
    }

    var encoding: TrajectoryEncoding { TrajectoryEncoding(model: model.configuration, tokenizer: tokenizer) }

    /// No ids, which no test expects, where the text cannot be encoded.
    func ids(_ text: String) -> [Int] { (try? tokenizer.encode(text, addSpecialTokens: false)) ?? [] }

    /// Seeded ids.
    func tokens(_ count: Int, seed: UInt64 = 7) -> [Int] {
        var random = RandomGenerator(seed: seed, stream: UInt64(count))
        return (0..<count).map { _ in Int(random.next() % UInt64(Self.vocabularySize)) }
    }

    static let problems = (0..<7).map { number in
        let countdown = Countdown(numbers: [3 + number, 12, 11], target: 99 - number)
        return Problem(id: "p\(number)", text: countdown.text(), answer: .countdown(countdown))
    }

    func sampler(
        samples: Int = 6, keep: Int = 2, keepsRejected: Bool = false, seed: UInt64 = 3, width: Int = 16,
        verifier: any Verifier = OddLengths(),
        problems: [Problem] = problems
    ) throws -> RejectSampler {
        try RejectSampler(
            model: model, tokenizer: tokenizer, policy: SamplingPolicy(temperature: 1), verifier: verifier,
            rendering: PromptRendering(),
            problems: problems,
            settings: SamplingSettings(
                samples: samples, keep: keep, keepsRejected: keepsRejected, maxTokens: 30, seed: seed, width: width))
    }
}

/// Calls half of all texts correct: a random model would never solve a problem.
struct OddLengths: Verifier {
    func verdict(on completion: String, of problem: Problem) -> Verdict {
        completion.utf8.count % 2 == 1 ? .correct : .wrong(.wrongValue)
    }
}
