import Backbone
import Configuration
import Foundation
import Tasks
import Testing
@testable import Trajectories

/// `task.promptTemplate` takes the presets that `autodeco-generate --prompt-template` takes.
@Suite struct PromptPresetTests {
    private let tiny: TinyModel

    init() throws { tiny = try TinyModel() }

    /// The tiny model's tokenizer, with these tokens added.
    private func tokenizer(adding tokens: [String]) throws -> Tokenizer {
        let file = tiny.folder.url.appendingPathComponent("tokenizer.json")
        var json = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        let added = try #require(json["added_tokens"] as? [[String: Any]])
        json["added_tokens"] = added + tokens.enumerated().map { place, token in
            ["id": TinyModel.vocabularySize + place, "content": token, "special": true, "normalized": false, "lstrip": false, "rstrip": false, "single_word": false]
        }
        return try Tokenizer(json: JSONSerialization.data(withJSONObject: json))
    }

    private func task(_ template: String) -> TaskSection {
        var task = TaskSection()
        task.promptTemplate = template
        return task
    }

    @Test func aPresetIsWhatGenerateMakesOfIt() throws {
        let tokenizer = try tokenizer(adding: ["<|im_start|>", "<|im_end|>"])
        let problem = Problem(id: "p", text: "1+1=", answer: .text("2"))
        let prompt = try task("qwen3").rendering(for: tokenizer).prompt(for: problem)
        #expect(prompt == "<|im_start|>user\n1+1=<|im_end|>\n<|im_start|>assistant\n")
        #expect(try tokenizer.promptIDs(prompt) == tokenizer.promptIDs("1+1=", template: PromptTemplate("qwen3")))
    }

    @Test func aPresetOfAnotherFamilyIsRefusedByItsToken() throws {
        let error = #expect(throws: PromptError.self) { try task("llama3").rendering(for: tiny.tokenizer) }
        #expect(error?.description == "the prompt template llama3 needs the token <|begin_of_text|>, which the tokenizer does not have")
    }

    @Test func aNameThatNoPresetHasIsRefusedWithThoseThereAre() throws {
        let error = #expect(throws: SamplingError.self) { try task("lama3").rendering(for: tiny.tokenizer) }
        #expect(error?.description.hasPrefix("task.promptTemplate is \"lama3\", expected a text with {problem} or one of llama3, ") == true)
    }

    @Test func aTextWithItsPlaceholderStaysAsItIs() throws {
        #expect(try task("llama3 {problem}").rendering(for: tiny.tokenizer).template == "llama3 {problem}")
    }

    @Test(arguments: PromptTemplate.presetNames)
    func aConfigurationTakesEveryPreset(name: String) throws {
        let text = Data("{task: {promptTemplate: '\(name)', stop: ['\\n\\n', 'Q:']}}".utf8)
        let task = try Configuration(json5: text, file: "c.json", overrides: []).task
        #expect(task.promptTemplate == name && task.stop == ["\n\n", "Q:"])
    }

    @Test(arguments: ["{promptTemplate: 'Answer this'}", "{promptTemplate: ''}", "{stop: ['']}", "{stop: 'x'}", "{stop: [1]}"])
    func aConfigurationRefusesWhatIsNeither(task: String) {
        #expect(throws: ConfigurationError.self) { try Configuration(json5: Data("{task: \(task)}".utf8), file: "c.json", overrides: []) }
    }
}
