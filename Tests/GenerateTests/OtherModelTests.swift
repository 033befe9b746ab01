import AutoDecoHeads
import Backbone
import Foundation
import Safetensors
import Tensor
import TestSupport
import Testing

/// Heads that were fitted to another model.
@Suite struct OtherModelTests {
    @Test func headsOfAnotherModelDecodeOnlyWhereAnyMayAndGGUFFilesAreModelsToo() throws {
        let own = try TinyModel(.qwen2, ["use_sliding_window": false, "vocab_size": 256])
        let other = try TinyModel(.qwen2, seed: 2, ["use_sliding_window": false, "vocab_size": 256])
        let folder = try TemporaryFolder()
        var random = RandomGenerator(seed: 3)
        let heads = AutoDecoHeads<Float>(configuration: HeadsConfiguration(hiddenSize: 24), random: &random)
        try own.gguf("qwen2", vocabulary: true).write(to: folder("own.gguf"))
        try other.gguf("qwen2", vocabulary: true).write(to: folder("other.gguf"))
        let fingerprint = try #require(
            try Transformer(directory: URL(fileURLWithPath: folder("own.gguf"))).configuration.modelFingerprint)
        try heads.write(to: folder.url, origin: HeadsOrigin(baseModel: "own", modelFingerprint: fingerprint))
        func run(_ model: String, _ flags: [String] = []) throws -> SpawnedProgram {
            try SpawnedProgram(
                "autodeco-generate",
                ["--model", folder(model), "--heads", folder.path, "--prompt", "ab", "--max-tokens", "2"] + flags)
        }
        #expect(try run("own.gguf").status == 0)
        let refused = try run("other.gguf")
        #expect(refused.status == 2 && refused.errors.contains("the heads were fitted to 'own'"))
        #expect(try run("other.gguf", ["--any-model"]).status == 0)
    }
}
