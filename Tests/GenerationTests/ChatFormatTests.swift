import Backbone
import Foundation
import TestSupport
import Testing
import Tokenizers
@testable import Generation

/// Conversations as a model's own template writes them.
@Suite struct ChatFormatTests {
    /// As SmolLM2 publishes it.
    private static let withSystem =
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
        + "{{ '<|im_start|>system\nYou are helpful.<|im_end|>\n' }}{% endif %}"
        + "{{'<|im_start|>' + message['role'] + '\n' "
        + "+ message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
        + "{{ '<|im_start|>assistant\n' }}{% endif %}"
    /// As Qwen writes line ends, after a turn of the system that holds a variable.
    private static let withEscapes =
        "{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}"
        + "{{- '<|im_start|>system\\nYou are\\nQwen.<|im_end|>\\n' }}"
    private static let withoutSystem = "{{ '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}"

    private let user = ChatTurn(role: "user", content: "Hi")

    @Test func templatesOwnSystemTextComesFirst() throws {
        let format = try #require(ChatFormat(template: Self.withSystem))
        #expect(format.kind == .chatML && format.defaultSystem == "You are helpful.")
        #expect(
            format.prompt([user])
                == "<|im_start|>system\nYou are helpful.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
                + "<|im_start|>assistant\n"
        )
        #expect(ChatFormat(template: Self.withEscapes)?.defaultSystem == "You are\nQwen.")
        #expect(ChatFormat(template: Self.withoutSystem)?.defaultSystem == nil)
    }

    @Test func givenSystemTextTakesItsPlace() throws {
        let format = try #require(ChatFormat(template: Self.withSystem))
        let turns = [
            ChatTurn(role: "system", content: "Short."), user, ChatTurn(role: "assistant", content: "Hello."), user,
        ]
        #expect(
            format.prompt(turns)
                == "<|im_start|>system\nShort.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello."
                + "<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
    }

    @Test func templateIsFoundInEitherFileOfAFolderAndInMetadata() throws {
        let tiny = try TinyModel(.qwen2), place = tiny.folder
        func sentence() -> String {
            do { return try "\(ChatFormat(model: place).defaultSystem ?? "none")" } catch { return "\(error)" }
        }
        #expect(sentence() == "\(place.path): has no chat template, expected one of the formats chatml")
        let json = try JSONSerialization.data(withJSONObject: ["chat_template": "{{ something }}"])
        try json.write(to: place.appendingPathComponent("tokenizer_config.json"))
        #expect(
            sentence() == "\(place.path): has a chat template that is not known, expected one of the formats chatml")
        try Data(Self.withSystem.utf8).write(to: place.appendingPathComponent("chat_template.jinja"))
        #expect(sentence() == "You are helpful.")
        var file = try tiny.gguf("qwen2")
        file.set("tokenizer.chat_template", Self.withEscapes)
        let gguf = place.appendingPathComponent("model.gguf")
        try file.write(to: gguf.path)
        #expect(try ChatFormat(model: gguf).defaultSystem == "You are\nQwen.")
    }

    @Test func tokenizerOfAGGUFFileIsOpenedWhereAFoldersIs() throws {
        let tiny = try TinyModel(.qwen2), gguf = tiny.folder.appendingPathComponent("model.gguf")
        try tiny.gguf("qwen2", vocabulary: true).write(to: gguf.path)
        let tokenizer = try Tokenizer(model: gguf)
        #expect(tokenizer.vocabularySize == 40 && tokenizer.token(for: 33) == "!")
        try tiny.gguf("qwen2").write(to: gguf.path)
        #expect(try Tokenizer(ofModel: gguf) == nil && Tokenizer(ofModel: tiny.folder) == nil)
        #expect(throws: ModelError.self) { try Tokenizer(model: gguf) }
    }
}
