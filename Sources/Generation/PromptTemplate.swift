import Foundation
import Tokenizers

/// What stands around a prompt: a text with `{prompt}` in it, given or by the name of a family's chat format.
///
/// Chat templates of `tokenizer_config.json` are programs, and are not interpreted. A preset is what the family's
/// template makes of one message of the user, up to where the assistant's answer begins.
public struct PromptTemplate: Sendable, Equatable {
    /// The text with `{prompt}`.
    public let text: String
    /// The preset that it is, if it is one.
    public let preset: String?

    static let placeholder = "{prompt}"

    /// Names of the presets, in the order in which help lists them.
    public static let presetNames = presets.map(\.name)

    /// `<think>` opens the reasoning that the family's own template opens.
    private static let presets: [(name: String, text: String)] = [
        ("llama3", llama3(system: nil)),
        ("nemotron", llama3(system: "detailed thinking on")),
        ("deepseek-r1", "<｜begin▁of▁sentence｜><｜User｜>{prompt}<｜Assistant｜><think>\n"),
        ("qwen3", "<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"),
        ("gpt-oss", harmony),
        ("deepseek-v3", "<｜begin▁of▁sentence｜><｜User｜>{prompt}<｜Assistant｜></think>"),
        ("deepseek-v3-thinking", "<｜begin▁of▁sentence｜><｜User｜>{prompt}<｜Assistant｜><think>"),
    ]

    private static func llama3(system: String?) -> String {
        func message(_ role: String, _ text: String) -> String {
            "<|start_header_id|>\(role)<|end_header_id|>\n\n\(text)<|eot_id|>"
        }
        return "<|begin_of_text|>" + (system.map { message("system", $0) } ?? "") + message("user", placeholder)
            + "<|start_header_id|>assistant<|end_header_id|>\n\n"
    }

    /// Harmony's system message without its date, so that a prompt is the same every day.
    private static let harmony = """
        <|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.
        Knowledge cutoff: 2024-06

        Reasoning: medium

        # Valid channels: analysis, commentary, final. Channel must be included for every message.<|end|>\
        <|start|>user<|message|>{prompt}<|end|><|start|>assistant
        """

    /// - Parameter description: a text with `{prompt}`, or the name of a preset.
    /// - Throws: ``PromptError`` for anything else.
    public init(_ description: String) throws {
        if let preset = Self.presets.first(where: { $0.name == description }) {
            (text, self.preset) = (preset.text, preset.name)
        } else if description.contains(Self.placeholder) {
            (text, preset) = (description, nil)
        } else {
            throw PromptError(
                "the prompt template '\(description)' is none of \(Self.presetNames.joined(separator: ", ")), and has "
                    + "no {prompt}"
            )
        }
    }

    /// The prompt in its place.
    public func filled(with prompt: String) -> String { text.replacingOccurrences(of: Self.placeholder, with: prompt) }

    /// The control tokens of a preset, such as `<|eot_id|>`.
    var controlTokens: [String] {
        guard preset != nil else { return [] }
        var tokens: [String] = [], rest = text[...]
        while let start = rest.firstIndex(of: "<") {
            let end = rest[start...].firstIndex(of: ">") ?? rest.index(before: rest.endIndex)
            let token = rest[start...end]
            if token.hasSuffix("|>") || token.hasSuffix("｜>") { tokens.append(String(token)) }
            rest = rest[rest.index(after: end)...]
        }
        return tokens
    }
}

/// A prompt template that says nothing, or that does not go with the tokenizer.
public struct PromptError: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

extension Tokenizer {
    /// The ids that a model reads before it answers: the prompt in its template, with one BOS in front where the
    /// tokenizer asks for it.
    ///
    /// Control tokens that stand in the text are encoded as such.
    ///
    /// - Throws: ``PromptError`` for a preset with a control token that this tokenizer does not have;
    ///   `TokenizerError.tooManySteps`.
    public func promptIDs(_ prompt: String, template: PromptTemplate? = nil) throws -> [Int] {
        if let template, let preset = template.preset,
            let token = template.controlTokens.first(where: { id(for: $0) == nil })
        {
            throw PromptError(
                "the prompt template \(preset) needs the token \(token), which the tokenizer does not have")
        }
        let ids = try encode(template?.filled(with: prompt) ?? prompt, addSpecialTokens: false)
        guard let beginningOfSequence, ids.first != beginningOfSequence else { return ids }
        return [beginningOfSequence] + ids
    }
}
