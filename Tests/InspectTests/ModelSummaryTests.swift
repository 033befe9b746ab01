import Foundation
import Safetensors
import TestSupport
import Testing

/// What `autodeco-inspect model` says of a model's positions, its ends and its output matrix.
@Suite struct ModelSummaryTests {
    private struct Summary: Decodable {
        struct End: Decodable, Equatable {
            var id: Int
            var token: String?
            var files: [String]
        }
        struct Positions: Decodable, Equatable {
            var ropes: [String]
            var layers_without_rope: Int
            var layers_with_window: Int
            var window: Int?
        }
        var positions: Positions
        var output: String
        var ends: [End]
        var ids: [Int]

        enum CodingKeys: String, CodingKey {
            case output, positions
            case ends = "end_tokens"
            case ids = "eos_token_ids"
        }
    }

    private func summary(_ model: TinyModel) throws -> Summary {
        try JSONDecoder().decode(Summary.self, from: Program.run(["model", model.folder.path, "--json"]))
    }

    @Test func everyEndIsNamedWithTheFilesThatSaySo() throws {
        let model = try TinyModel(.qwen2, ["eos_token_id": 2])
        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: model.folder.appendingPathComponent(name))
        }
        try write(#"{"eos_token_id": [7, 2]}"#, "generation_config.json")
        let plain = try summary(model)
        #expect(plain.ids == [7, 2] && plain.ends.map(\.token) == [nil, nil])
        try TokenizerFile().json.write(to: model.folder.appendingPathComponent("tokenizer.json"))
        try write(#"{"eos_token": "a"}"#, "tokenizer_config.json")
        let whole = try summary(model)
        #expect(whole.ids == [7, 2, 97])
        #expect(
            whole.ends.map(\.files) == [
                ["generation_config.json"], ["generation_config.json", "config.json"], ["tokenizer_config.json"],
            ])
        #expect(whole.ends.last?.token == "a")
        let text = try String(decoding: Program.run(["model", model.folder.path]), as: UTF8.self)
        #expect(text.contains("2 ") && text.contains("(generation_config.json, config.json)"))
        #expect(text.contains("97 a (tokenizer_config.json)"))
    }

    @Test(arguments: [
        (
            TinyModel.Kind.gemma3, ["linear", "default"], 0, 2, 6 as Int?,
            "rope linear, and in layers with a window default; 2 of 3 layers see the last 6 positions"
        ),
        (
            .smolLM3, ["default"], 1, 1, 9,
            "rope default; 1 of 3 layers without it; 1 of 3 layers see the last 9 positions"
        ),
        (.phi3WithLongRope, ["longrope"], 0, 0, nil, "rope longrope"),
    ])
    func layersSayHowTheySeePositions(
        kind: TinyModel.Kind, ropes: [String], plain: Int, windowed: Int, window: Int?, words: String
    ) throws {
        let model = try TinyModel(kind)
        #expect(
            try summary(model).positions
                == .init(ropes: ropes, layers_without_rope: plain, layers_with_window: windowed, window: window))
        let lines = try String(decoding: Program.run(["model", model.folder.path]), as: UTF8.self).split(
            separator: "\n")
        #expect(lines.contains { $0 == words }, "\(lines)")
    }

    @Test func anOutputMatrixThatIsTiedAndDiffersIsToldOf() throws {
        let model = try TinyModel(.qwen2), path = model.folder.path
        #expect(try summary(model).output == "embedding")
        let embedding = try Checkpoint(folder: path).tensor("model.embed_tokens.weight")
        let values = try embedding.values(as: Float.self).map { $0 + 1 }
        try model.append(NewTensor("lm_head.weight", embedding.shape, values))
        #expect(try summary(model).output == "own_against_configuration")
        let run = try SpawnedProgram("autodeco-inspect", ["model", path])
        #expect(run.status == 0 && run.errors.contains("transformers 4.57 overwrites it"))
        #expect(String(decoding: run.output, as: UTF8.self).contains("though config.json ties them"))
    }
}
