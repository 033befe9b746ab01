import Foundation
import Safetensors
import Tensor
import TestSupport
import Testing

@testable import Backbone

/// A checkpoint with heads beside the model, whose own tensors carry the prefix `llm.`.
@Suite struct MergedModelTests {
    private func merged(_ model: TinyModel) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("merged-model-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var configuration = model.configuration
        configuration["base_model_type"] = configuration["model_type"]
        configuration["model_type"] = "autodeco"
        configuration["architectures"] = ["AutoDecoModelForCausalLM"]
        try JSONSerialization.data(withJSONObject: configuration).write(
            to: folder.appendingPathComponent("config.json"))
        var tensors = try Checkpoint(folder: model.folder.path).shards.flatMap(\.tensors).map {
            Checkpoint.ShardContent($0, name: "llm.\($0.name)")
        }
        // As much as would make a tiny model a large one, were it counted.
        let heads = folder.appendingPathComponent("heads")
        try SafetensorsWriter.write(
            [NewTensor("temp_head.mlp.0.weight", [256, 20_000], Array(repeating: Float(0), count: 256 * 20_000))],
            to: heads.path)
        tensors.append(Checkpoint.ShardContent(try SafetensorsFile(path: heads.path).tensor("temp_head.mlp.0.weight")))
        try Checkpoint.write(
            tensors, metadata: ["format": "pt"], to: folder.appendingPathComponent("model.safetensors").path)
        return folder
    }

    @Test(arguments: [TinyModel.Kind.llama, .qwen2, .gptOSSInMXFP4, .deepSeekV3])
    func aMergedCheckpointGivesTheVeryNumbersOfItsBackbone(kind: TinyModel.Kind) throws {
        let model = try TinyModel(kind), folder = try merged(model)
        defer { try? FileManager.default.removeItem(at: folder) }
        let own = try model.load(), joined = try Transformer(directory: folder), tokens = model.tokens(9)
        #expect(joined.configuration == own.configuration && joined.isTiny == own.isTiny)
        let hidden = try own.hidden([tokens])
        #expect(try joined.hidden([tokens]) == hidden && joined.logits(hidden) == own.logits(hidden))
    }

    @Test func headsAloneAreNoModel() throws {
        let model = try TinyModel(.llama), folder = try merged(model)
        defer { try? FileManager.default.removeItem(at: folder) }
        try SafetensorsWriter.write(
            [NewTensor("temp_head.mlp.2.bias", [1], [0] as [Float])],
            to: folder.appendingPathComponent("model.safetensors").path)
        let error = #expect(throws: ModelError.self) { try Transformer(directory: folder) }
        #expect(error?.description.contains("holds heads alone") == true)
    }
}
