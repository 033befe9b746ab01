import AutoDecoHeads
import Backbone
import Evaluation
import Files
import Foundation
import HiddenStateCache
import Recipes
import Safetensors
import Tasks
import Tensor
import TestSupport
import Tokenizers
import Trajectories

/// All kinds of artefacts, made small and sound in a folder of their own.
struct Artefacts {
    /// Damaged in turn.
    private(set) var all: [Artefact] = []
    private let folder: URL

    /// - Parameter folder: where they are made; it stays, as some are read beside others.
    init(in folder: URL) throws {
        self.folder = folder
        try addSafetensors()
        try addConfigurations()
        for kind in [
            TinyModel.Kind.llama, .qwen3MoE, .gptOSSInMXFP4, .deepSeekV3, .qwen2MoE, .smolLM3, .gemma3,
            .phi3WithLongRope, .glm4MoE,
        ] { try addModel(kind) }
        try addGGUF()
        try addTokenizers()
        try addTrajectories()
        try addProblems()
        try addHeads()
        try addEvaluation()
        try addCollection()
        try addCaches()
        try addRun()
    }

    func place(_ name: String) throws -> URL {
        let url = folder.appendingPathComponent(name, isDirectory: true)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }

    mutating func add(_ artefact: Artefact) { all.append(artefact) }

    private mutating func addSafetensors() throws {
        let here = try place("safetensors")
        let tensors = [
            NewTensor("hidden", [2, 3], [1, 2, 3, 4, 5, 6] as [Float]),
            NewTensor("half", [2, 2], [1, 2, 3, 4] as [Float], as: .f16),
            NewTensor("logits", [2, 4], [4, 3, 2, 1, 0, -1, -2, -3] as [Float], as: .bf16),
            NewTensor("labels", [2], [1, 0] as [Int32]), NewTensor("none", [0, 7], [] as [Float]),
        ]
        try SafetensorsWriter.write(
            tensors, metadata: ["format": "pt"], to: here.appendingPathComponent("model.safetensors").path)
        func readAll(_ source: any TensorSource) throws {
            for entry in source.entries {
                guard let tensor = source.find(entry.name) else { continue }
                _ = try? tensor.values(as: Int32.self)
                _ = try tensor.values(as: Float.self)
            }
        }
        add(
            try Artefact("safetensors", folder: here) { folder in
                try readAll(SafetensorsFile(path: folder.appendingPathComponent("model.safetensors").path))
            })
        let shards = try place("shards")
        for (number, tensor) in tensors.enumerated() {
            try SafetensorsWriter.write([tensor], to: shards.appendingPathComponent("shard-\(number).safetensors").path)
        }
        let map = tensors.enumerated().map { "\"\($1.declaration.name)\": \"shard-\($0).safetensors\"" }
        try Data("{\"metadata\": {\"total_size\": 80}, \"weight_map\": {\(map.joined(separator: ", "))}}".utf8)
            .write(to: shards.appendingPathComponent("model.safetensors.index.json"))
        add(try Artefact("sharded checkpoint", folder: shards) { try readAll(Checkpoint(folder: $0.path)) })
    }

    private mutating func addConfigurations() throws {
        let here = try place("configuration"), name = "config.json"
        let configuration = try RunConfiguration(json5: Data("{}".utf8), file: name)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        var text = String(decoding: try encoder.encode(configuration.json), as: UTF8.self)
        text = "// Everything that can be said.\n" + text.replacingOccurrences(of: "\"steps\"", with: "steps")
        try Data(text.utf8).write(to: here.appendingPathComponent(name))
        let command: Artefact.Command = {
            ("autodeco-train", ["--config", $0.appendingPathComponent(name).path, "--dry-run"])
        }
        add(
            try Artefact("configuration", folder: here, command: command) { folder in
                let read = try RunConfiguration(path: folder.appendingPathComponent(name).path)
                _ = (read.json, read.training.settings, read.evaluation.settings, read.record)
                let description = try read.cacheDescription(
                    hiddenSize: 16, vocabularySize: 40, modelName: "", modelPath: "")
                _ = description.bytesPerToken * (read.cache.expectedTokens ?? 1)
            })
    }

    private mutating func addModel(_ kind: TinyModel.Kind) throws {
        let tiny = try TinyModel(kind), here = try place("model \(kind)")
        for name in try FileManager.default.contentsOfDirectory(atPath: tiny.folder.path) {
            try FileManager.default.copyItem(
                at: tiny.folder.appendingPathComponent(name), to: here.appendingPathComponent(name))
        }
        try Data(#"{"eos_token_id": [2, 3], "temperature": 0.6}"#.utf8).write(
            to: here.appendingPathComponent("generation_config.json"))
        let ids = tiny.tokens(9)
        add(
            try Artefact("model \(kind)", folder: here, command: { ("autodeco-inspect", ["model", $0.path]) }) {
                folder in
                let model = try Transformer(directory: folder)
                _ = model.logits(try model.hidden([ids, [1]]))
            })
    }

    private mutating func addTokenizers() throws {
        let file = TokenizerFile(
            tokens: ["th", "the", " a", "<s>", "</s>"], merges: [#""t h""#, #""th e""#],
            normalizer: #"{"type": "NFC"}"#,
            preTokenizer: TokenizerFile.sequence(
                TokenizerFile.split(regex: PublishedPattern.llama3), TokenizerFile.byteLevel),
            addedTokens: [
                TokenizerFile.addedToken("<s>", special: true),
                TokenizerFile.addedToken("</s>", special: true, lstrip: true),
            ])
        try addTokenizer("tokenizer", file.json)
        try addTokenizer(
            "unigram tokenizer",
            Data(
                #"""
                {"added_tokens": [\#(TokenizerFile.addedToken("<s>", special: true)),
                                  \#(TokenizerFile.addedToken("</s>", special: true))],
                 "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
                     {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
                 "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": true},
                 "decoder": {"type": "Sequence", "decoders": [
                     {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
                     {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
                 "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": true, "vocab": [["<unk>", 0], ["▁", -2.5],
                     ["e", -1], ["the", -3.25], ["▁the", -4], ["aa", -1.5], ["a", -1.25], ["<0xC3>", 0],
                     ["<0xAF>", 0]]}}
                """#.utf8))
    }

    private mutating func addTokenizer(_ name: String, _ json: Data) throws {
        let here = try place(name)
        try json.write(to: here.appendingPathComponent("tokenizer.json"))
        try Data(
            #"{"add_bos_token": true, "bos_token": "<s>", "eos_token": {"content": "</s>"}, "chat_template": "x"}"#.utf8
        )
        .write(to: here.appendingPathComponent("tokenizer_config.json"))
        let text = "The other day, I've 1234 cats;\n\n  naïve e\u{301} 漢字 🙂 <s>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</s>"
        let command: Artefact.Command = { ("autodeco-inspect", ["tokens", "--model", $0.path, "--text", text]) }
        add(
            try Artefact(name, folder: here, command: command) { folder in
                let tokenizer = try Tokenizer(directory: folder), ids = try tokenizer.encode(text)
                _ = try tokenizer.decode(ids)
            })
    }

    private mutating func addTrajectories() throws {
        let here = try place("trajectories"), tiny = try TinyModel(.llama, ["vocab_size": 300]),
            name = "trajectories.jsonl"
        try Data(
            """
            {"prompt": "2+2=", "completion": "4", "problem_id": "a", "correct": true}
            {"prompt_ids": [5, 9, 11], "completion_ids": [4, 2], "problem_id": 7, "truncated": false}
            {"prompt": "x", "completion": "y", "prompt_ids": [5], "completion_ids": [4, 3, 2], "truncated": true}

            """.utf8
        ).write(to: here.appendingPathComponent(name))
        let encoding = TrajectoryEncoding(
            model: try tiny.loadConfiguration(), tokenizer: try TokenizerFile().tokenizer())
        add(
            try Artefact("trajectories", folder: here) { folder in
                _ = try TrajectoryLengths(path: folder.appendingPathComponent(name).path, encoding: encoding)
            })
    }

    private mutating func addHeads() throws {
        let here = try place("heads")
        var random = RandomGenerator(seed: 3)
        let heads = AutoDecoHeads<Float>(configuration: HeadsConfiguration(hiddenSize: 12), random: &random)
        let backbone = Data(#"{"model_type": "qwen2", "vocab_size": 40, "rms_norm_eps": 1e-05}"#.utf8)
        try heads.write(to: here, origin: HeadsOrigin(baseModel: "tiny", backboneConfiguration: backbone))
        add(
            try Artefact("heads", folder: here, command: { ("autodeco-inspect", ["heads", $0.path]) }) { folder in
                _ = try AutoDecoHeads<Float>(folder: folder, hiddenSize: 12, vocabularySize: 40)
            })
    }
}
