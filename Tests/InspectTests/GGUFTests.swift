import Foundation
import Safetensors
import TestSupport
import Testing

/// GGUF files in the place of folders, and what is made of them.
@Suite struct GGUFTests {
    private let folder: TemporaryFolder
    private let tiny: TinyModel

    init() throws { (folder, tiny) = (try TemporaryFolder(), try TinyModel(.qwen2, ["use_sliding_window": false])) }

    private func gguf(_ change: (inout GGUFBytes) -> Void = { _ in }) throws -> String {
        var file = try tiny.gguf("qwen2", vocabulary: true)
        change(&file)
        try file.write(to: folder.path("model.gguf"))
        return folder.path("model.gguf")
    }

    @Test func everyTensorIsWrittenAsF32() throws {
        let path = try gguf { $0.tensors.append(.init("blocks", [1, 32], type: 8, [0, 0x3C] + (0..<32).map { $0 })) }
        _ = try Program.run(["tensors", "--input", path, "--output", folder.path("out")])
        let written = try SafetensorsFile(path: folder.path("out"))
        #expect(written.entries.allSatisfy { $0.type == .f32 } && written.contains("blk.0.attn_q.weight"))
        #expect(try written.tensor("blocks").values(as: Float.self) == (0..<32).map { Float($0) })
        let source = try Checkpoint(folder: tiny.folder.path).tensor("model.embed_tokens.weight")
        #expect(
            try written.tensor("token_embd.weight").values(as: Float.self) == source.values(as: Float.self)
                && written.tensor("token_embd.weight").shape == source.shape)
        // Safetensors go the same way.
        let weights = tiny.folder.appendingPathComponent("model.safetensors").path
        _ = try Program.run(["tensors", "--input", weights, "--output", folder.path("out")])
        #expect(try SafetensorsFile(path: folder.path("out")).entries.allSatisfy { $0.type == .f32 })
    }

    @Test func typesWithoutNumbersAreRefusedAndNothingIsWritten() throws {
        try SafetensorsWriter.write(
            [NewTensor("t", [2], bytes: [1, 2], as: .f8e4m3)], to: folder.path("in.safetensors"))
        let words = try Program.refusal(
            ["tensors", "--input", folder.path("in.safetensors"), "--output", folder.path("out")])
        #expect(words.contains("tensor t has the type F8_E4M3, expected one that converts to F32"))
        #expect(!FileManager.default.fileExists(atPath: folder.path("out")))
    }

    @Test func summaryNamesEndsSamplingAndTheFormatOfConversations() throws {
        let path = try gguf {
            $0.set("general.sampling.temp", 0.6)
            $0.set("general.sampling.top_k", 20)
            $0.set("tokenizer.chat_template", "<|im_start|>user\n<|im_end|>")
        }
        let text = try String(decoding: Program.run(["model", path]), as: UTF8.self)
        #expect(text.contains("qwen2, 3 layers") && text.contains("texts end at 2 \u{102} (model.gguf)\n"))
        #expect(text.contains("recommends temperature 0.6, top k 20") && text.contains("conversations: chatml"))
        struct Summary: Decodable { var sampling: [String: Double], chat: String?, types: [String: Int] }
        let summary = try JSONDecoder().decode(Summary.self, from: Program.run(["model", path, "--json"]))
        #expect(summary.sampling == ["temperature": 0.6, "top_k": 20] && summary.chat == "chatml")
        let plain = try String(decoding: Program.run(["model", gguf()]), as: UTF8.self)
        #expect(!plain.contains("recommends") && !plain.contains("conversations"))
    }

    @Test func conversationsAreRendered() throws {
        let path = try gguf { $0.set("tokenizer.chat_template", "'<|im_start|>system\nBe kind.<|im_end|>\n'") }
        let input = folder.path("chats.jsonl")
        try Data(#"{"messages": [{"role": "user", "content": "Hi \"you\""}]}"#.utf8).write(
            to: URL(fileURLWithPath: input))
        struct Rendered: Decodable { var prompt: String }
        let row = try JSONDecoder().decode(
            Rendered.self, from: Program.run(["chat", "--model", path, "--input", input, "--json"]))
        #expect(
            row.prompt == "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi \"you\"<|im_end|>\n"
                + "<|im_start|>assistant\n")
        try Data(#"{"messages": []}"#.utf8).write(to: URL(fileURLWithPath: input))
        #expect(
            try Program.refusal(["chat", "--model", path, "--input", input]).contains("line 1: has no messages"))
        #expect(
            try Program.refusal(["chat", "--model", gguf(), "--input", input])
                .contains("has no chat template, expected one of the formats chatml"))
    }
}
