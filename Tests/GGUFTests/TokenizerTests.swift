import Foundation
import Goldens
import TestSupport
import Testing
import Tokenizers
@testable import GGUF

/// A vocabulary in metadata, in the place of tokenizer.json.
@Suite struct TokenizerTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A model of 300 tokens: the bytes, "th" and "the", and control tokens from 258 on.
    private func file(pre: String, _ change: (inout GGUFBytes) -> Void = { _ in }) throws -> GGUFBytes {
        var file = GGUFBytes()
        file.set("general.architecture", "qwen2")
        file.set("tokenizer.ggml.model", "gpt2")
        file.set("tokenizer.ggml.pre", pre)
        let words = ["th", "the", "<s>", "<|im_end|>", "<think>", "<|eot_id|>"]
        file.set("tokenizer.ggml.tokens", (0..<256).map(TokenizerFile.byteLevelCharacter) + words)
        file.set("tokenizer.ggml.token_type", Array(repeating: Int32(1), count: 258) + [3, 3, 4, 3])
        file.set("tokenizer.ggml.merges", ["t h", "th e"])
        file.set("tokenizer.ggml.bos_token_id", 258)
        file.set("tokenizer.ggml.eos_token_id", 259)
        change(&file)
        return file
    }

    private func model(_ file: GGUFBytes) throws -> GGUFModel {
        try file.write(to: folder("model.gguf"))
        return try GGUFModel(path: folder("model.gguf"))
    }

    private func tokenizer(_ file: GGUFBytes) throws -> Tokenizer {
        let files = try #require(try model(file).tokenizer())
        return try Tokenizer(json: files.document, configuration: files.configuration, file: "model.gguf")
    }

    @Test func textsBecomeTheTokensOfTheVocabulary() throws {
        let tokenizer = try tokenizer(file(pre: "gpt-2"))
        #expect(tokenizer.vocabularySize == 262 && tokenizer.endOfSequence == 259)
        #expect(try tokenizer.encode("the<|im_end|>a<think>") == [257, 259, 97, 260])
        #expect(try tokenizer.decode([257, 259, 97, 260]) == "the<|im_end|>a<think>")
        // What a user adds is no control token.
        #expect(try tokenizer.decode([257, 259, 97, 260], skipSpecialTokens: true) == "thea<think>")
        #expect(tokenizer.configurationName == "model.gguf")
    }

    @Test func textsBeginAsTheFileAsksOrTheKindOfVocabularyDoes() throws {
        #expect(try tokenizer(file(pre: "gpt-2")).encode("a") == [97])
        #expect(try tokenizer(file(pre: "llama-bpe")).encode("a") == [258, 97])
        #expect(try tokenizer(file(pre: "llama-bpe")).beginningOfSequence == 258)
        #expect(
            try tokenizer(file(pre: "llama-bpe") { $0.set("tokenizer.ggml.add_bos_token", false) }).encode("a") == [97])
        #expect(
            try tokenizer(file(pre: "gpt-2") { $0.set("tokenizer.ggml.add_bos_token", true) }).encode("a") == [258, 97])
    }

    @Test(arguments: [
        ("gpt-2", "it's 123\n\n x", ["it", "'s", " 123", "\n\n", " x"]),
        ("smollm", "it's 123\n\n x", ["it", "'s", " ", "1", "2", "3", "\n\n", " x"]),
        ("qwen2", "it's 123\n\n x", ["it", "'s", " ", "1", "2", "3", "\n\n", " x"]),
        ("llama-bpe", "IT'S 1234\n\n x", ["IT", "'S", " ", "123", "4", "\n\n", " x"]),
        ("deepseek-v3", "it's 1234漢字か", ["it", "'s", " ", "123", "4", "漢字か"]),
        ("gpt-4o", "HelloWorld don't", ["Hello", "World", " don't"]),
        ("tekken", "HelloWorld 12", ["Hello", "World", " ", "1", "2"]),
    ])
    func textsAreCutAsThePreTokenizerSays(pre: String, text: String, pieces: [String]) throws {
        // Every piece is a token, and merges make no other.
        var file = try file(pre: pre)
        let key = GGUFBytes.text("tokenizer.ggml.tokens"), merges = GGUFBytes.text("tokenizer.ggml.merges")
        var tokens = (0..<256).map(TokenizerFile.byteLevelCharacter), rules: [String] = []
        for piece in pieces + [text] {
            let characters = piece.utf8.map { TokenizerFile.byteLevelCharacter(Int($0)) }
            for length in 2..<max(3, characters.count + 1) where length <= characters.count {
                let left = characters[..<(length - 1)].joined(), whole = characters[..<length].joined()
                if !tokens.contains(whole) { tokens.append(whole) }
                if !rules.contains("\(left) \(characters[length - 1])") {
                    rules.append("\(left) \(characters[length - 1])")
                }
            }
        }
        file.values.removeAll {
            $0.starts(with: key) || $0.starts(with: merges)
                || $0.starts(with: GGUFBytes.text("tokenizer.ggml.token_type"))
                || $0.starts(with: GGUFBytes.text("tokenizer.ggml.bos_token_id"))
                || $0.starts(with: GGUFBytes.text("tokenizer.ggml.eos_token_id"))
        }
        file.set("tokenizer.ggml.tokens", tokens)
        file.set("tokenizer.ggml.merges", rules)
        let tokenizer = try tokenizer(file)
        #expect(try tokenizer.encode(text).map { try tokenizer.decode([$0]) } == pieces)
    }

    @Test func canonicallyComposedTextsAreQwens() throws {
        #expect(try tokenizer(file(pre: "qwen2")).encode("e\u{301}") == Array("é".utf8).map(Int.init))
        #expect(try tokenizer(file(pre: "llama-bpe")).encode("e\u{301}").count == 4)
    }

    @Test func endsAreThoseThatTheFileNamesAndControlTokensThatEndATurn() throws {
        #expect(try model(file(pre: "gpt-2")).endTokens() == [259, 261])
        #expect(
            try model(file(pre: "gpt-2") { $0.set("tokenizer.ggml.eot_token_id", 7) }).endTokens() == [259, 7, 261])
    }

    @Test func filesOfAFolderAreMadeFromMetadata() throws {
        var file = try file(pre: "gpt-2")
        file.set("tokenizer.chat_template", "{{ \"x\" }}\n")
        file.set("qwen2.embedding_length", 4)
        file.set("qwen2.attention.head_count", 1)
        for key in ["block_count", "context_length", "feed_forward_length"] { file.set("qwen2.\(key)", 8) }
        file.set("qwen2.attention.layer_norm_rms_epsilon", 1e-5)
        file.tensors = [.init("token_embd.weight", [262, 4], GGUFBytes.floats(Array(repeating: 0, count: 1048)))]
        let files = try model(file).files()
        #expect(
            files.map(\.name) == ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"])
        func members(_ place: Int) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: files[place].content) as? [String: Any])
        }
        #expect(try members(0)["vocab_size"] as? Int == 262 && members(0)["hidden_size"] as? Int == 4)
        #expect(String(decoding: files[0].content, as: UTF8.self).contains("\"rms_norm_eps\": 1e-05"))
        #expect(try members(1)["eos_token_id"] as? [Int] == [259, 261])
        #expect(try members(3)["chat_template"] as? String == "{{ \"x\" }}\n")
        #expect(try members(3)["eos_token"] as? String == "<|im_end|>")
    }

    @Test func vocabulariesThatDoNotFitAreRefusedInASentence() throws {
        func reason(_ change: (inout GGUFBytes) -> Void) throws -> String {
            let model = try model(try file(pre: "gpt-2", change))
            return failure { try model.tokenizer() }?.reason ?? "none"
        }
        func replace(_ key: String, in file: inout GGUFBytes) {
            file.values.removeAll { $0.starts(with: GGUFBytes.text(key)) }
        }
        let found = try reason {
            replace("tokenizer.ggml.pre", in: &$0)
            $0.set("tokenizer.ggml.pre", "unheard-of")
        }
        #expect(
            found.hasPrefix("found \"unheard-of\" for 'tokenizer.ggml.pre', expected one of gpt-2, llama-bpe, smollm"))
        #expect(
            try reason {
                replace("tokenizer.ggml.model", in: &$0)
                $0.set("tokenizer.ggml.model", "llama")
            }.hasSuffix("expected \"gpt2\", byte-level byte-pair encoding"))
        #expect(
            try reason {
                replace("tokenizer.ggml.token_type", in: &$0)
                $0.set("tokenizer.ggml.token_type", [1, 1] as [Int32])
            }.hasSuffix("expected 262 numbers, one a token"))
        #expect(
            try reason {
                replace("tokenizer.ggml.bos_token_id", in: &$0)
                $0.set("tokenizer.ggml.bos_token_id", 262)
            } == "found 262 for 'tokenizer.ggml.bos_token_id', expected a token from 0 to 261")
        #expect(
            try reason {
                replace("tokenizer.ggml.merges", in: &$0)
                $0.set("tokenizer.ggml.merges", 3)
            } == "found 3 for 'tokenizer.ggml.merges', expected a list of texts")
        var none = GGUFBytes()
        none.set("general.architecture", "qwen2")
        #expect(try model(none).tokenizer() == nil)
    }

    private struct Expectation: Decodable {
        let text: String
        let ids: [Int]
    }

    /// Published vocabularies as a converter writes them, held to Hugging Face's ids.
    @Test(
        .enabled(if: Goldens.areOutside, "\(Goldens.absence)"),
        arguments: [("llama3", "llama-bpe"), ("qwen2", "qwen2"), ("deepseek", "deepseek-v3")])
    func publishedVocabulariesKeepTheirIds(name: String, pre: String) throws {
        let place = Goldens.outside("tokenizers/\(name)")
        let json = try JSONSerialization.jsonObject(
            with: Data(contentsOf: place.appendingPathComponent("tokenizer.json")))
        let document = try #require(json as? [String: Any]), bpe = try #require(document["model"] as? [String: Any])
        let vocabulary = try #require(bpe["vocab"] as? [String: Int])
        var tokens = [Int: String](), types = [Int: Int32]()
        for (token, id) in vocabulary { tokens[id] = token }
        for added in try #require(document["added_tokens"] as? [[String: Any]]) {
            let id = try #require(added["id"] as? Int)
            tokens[id] = try #require(added["content"] as? String)
            types[id] = added["special"] as? Bool == true ? 3 : 4
        }
        let rules = try #require(bpe["merges"] as? [Any])
        let merges: [String] = rules.map { rule in
            if let pair = rule as? [String] { pair.joined(separator: " ") } else { rule as? String ?? "" }
        }
        var file = GGUFBytes()
        file.set("general.architecture", "qwen2")
        file.set("tokenizer.ggml.model", "gpt2")
        file.set("tokenizer.ggml.pre", pre)
        file.set("tokenizer.ggml.tokens", (0..<tokens.count).map { tokens[$0] ?? "" })
        file.set("tokenizer.ggml.token_type", (0..<tokens.count).map { types[$0] ?? 1 })
        file.set("tokenizer.ggml.merges", merges)
        if name == "llama3" { file.set("tokenizer.ggml.bos_token_id", 1200) }
        let tokenizer = try tokenizer(file)
        let rows = try JSONDecoder().decode(
            [Expectation].self, from: Data(contentsOf: place.appendingPathComponent("expected.json")))
        try #require(rows.count > 20)
        for row in rows {
            #expect(try tokenizer.encode(row.text) == row.ids, "\(row.text.debugDescription.prefix(80))")
        }
    }
}
