import Backbone
import Configuration
import Decoding
import Foundation
import Generation
import Recipes
import Tasks
import Testing
import Tokenizers
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
        json["added_tokens"] =
            added
            + tokens.enumerated().map { place, token in
                [
                    "id": TinyModel.vocabularySize + place, "content": token, "special": true, "normalized": false,
                    "lstrip": false, "rstrip": false, "single_word": false,
                ]
            }
        return try Tokenizer(json: JSONSerialization.data(withJSONObject: json))
    }

    private func task(_ template: String) -> TaskSection {
        var task = TaskSection()
        task.promptTemplate = template
        return task
    }

    /// Ids of the prompts that are sampled from.
    private func promptIDs(_ template: String, _ tokenizer: Tokenizer) throws -> [[Int]] {
        let problems = [Problem(id: "p", text: "1+1=", answer: .text("2"))]
        return try ProblemSampler(
            model: tiny.model, tokenizer: tokenizer, verifier: AlwaysRight(), rendering: task(template).rendering,
            problems: problems
        ).prompts.map(\.ids)
    }

    @Test func aPresetIsWhatGenerateMakesOfIt() throws {
        // Ids that the model has: letters at the vocabulary's end stand for the control tokens.
        let tokenizer = try tokenizer(adding: ["<|im_start|>", "<|im_end|>"])
        let prompt = task("qwen3").rendering.prompt(for: Problem(id: "p", text: "1+1=", answer: .text("2")))
        #expect(prompt == "<|im_start|>user\n1+1=<|im_end|>\n<|im_start|>assistant\n")
        #expect(try tokenizer.promptIDs(prompt) == tokenizer.promptIDs("1+1=", template: PromptTemplate("qwen3")))
    }

    @Test func aPresetOfAnotherFamilyIsRefusedByItsToken() throws {
        let error = #expect(throws: PromptError.self) { try promptIDs("llama3", tiny.tokenizer) }
        #expect(
            error?.description
                == "the prompt template llama3 needs the token <|begin_of_text|>, which the tokenizer does not have")
    }

    @Test func aTextWithItsPlaceholderStaysAsItIs() throws {
        #expect(task("llama3 {problem}").rendering.template == "llama3 {problem}")
        #expect(try promptIDs("2{problem}", tiny.tokenizer) == [[0] + tiny.ids("21+1=")])
    }

    @Test(arguments: PromptTemplate.presetNames)
    func aConfigurationTakesEveryPreset(name: String) throws {
        let text = Data("{task: {promptTemplate: '\(name)', stop: ['\\n\\n', 'Q:']}}".utf8)
        let task = try RunConfiguration(json5: text, file: "c.json").task
        #expect(task.promptTemplate == name && task.stop == ["\n\n", "Q:"])
    }

    @Test(arguments: [
        "{promptTemplate: 'Answer this'}", "{promptTemplate: 'lama3'}", "{promptTemplate: ''}", "{stop: ['']}",
        "{stop: 'x'}", "{stop: [1]}",
    ])
    func aConfigurationRefusesWhatIsNeither(task: String) {
        #expect(throws: ConfigurationError.self) {
            try RunConfiguration(json5: Data("{task: \(task)}".utf8), file: "c.json")
        }
    }
}
