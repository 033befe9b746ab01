import Backbone
import Files
import Foundation
import GGUF

/// One turn of a conversation.
public struct ChatTurn: Sendable, Equatable {
    /// `system`, `user` or `assistant`, or what else the model knows.
    public var role: String
    public var content: String

    public init(role: String, content: String) { (self.role, self.content) = (role, content) }
}

/// How a model wants conversations written, found by the marks in its own template.
///
/// Templates are programs, and are not interpreted: a format is what the template of its family makes of plain turns,
/// up to where the assistant's answer begins.
public struct ChatFormat: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case chatML = "chatml"
    }

    public let kind: Kind
    /// The text that the template puts first where no turn of the system does; nil where it puts none.
    public let defaultSystem: String?

    /// The format of a template; nil where its marks are not known.
    public init?(template: String) {
        guard template.contains("<|im_start|>"), template.contains("<|im_end|>") else { return nil }
        kind = .chatML
        defaultSystem = Self.literalSystem(in: template)
    }

    /// The format of a model.
    ///
    /// - Throws: ``PromptError`` for a model without a template and for one that is not known; `FileError`;
    ///   `ModelError`.
    public init(model url: URL) throws {
        let known = Kind.allCases.map(\.rawValue).joined(separator: ", ")
        guard let template = try Self.template(of: ModelSource(url)) else {
            throw PromptError("\(url.path): has no chat template, expected one of the formats \(known)")
        }
        guard let format = ChatFormat(template: template) else {
            throw PromptError(
                "\(url.path): has a chat template that is not known, expected one of the formats \(known)")
        }
        self = format
    }

    /// The template of a model: `chat_template` of tokenizer_config.json, chat_template.jinja, or what a GGUF file has;
    /// nil where there is none.
    ///
    /// - Throws: `FileError` for files that cannot be read.
    public static func template(of source: ModelSource) throws -> String? {
        switch source {
        case .gguf(let model): return try model.chatTemplate()
        case .folder(let folder):
            let file = folder.appendingPathComponent("chat_template.jinja")
            if FileManager.default.fileExists(atPath: file.path) {
                return String(decoding: try Data(file: file.path), as: UTF8.self)
            }
            let configuration = folder.appendingPathComponent("tokenizer_config.json")
            guard FileManager.default.fileExists(atPath: configuration.path) else { return nil }
            return try JSONMembers(path: configuration.path).string("chat_template")
        }
    }

    /// The conversation as the template writes it, with the beginning of the assistant's next turn.
    public func prompt(_ turns: [ChatTurn]) -> String {
        var text = ""
        if let defaultSystem, turns.first?.role != "system" { text += Self.turn("system", defaultSystem) }
        for turn in turns { text += Self.turn(turn.role, turn.content) }
        return text + "<|im_start|>assistant\n"
    }

    private static func turn(_ role: String, _ content: String) -> String {
        "<|im_start|>\(role)\n\(content)<|im_end|>\n"
    }

    /// What a template says in the system's name of its own accord: a turn that it has word for word.
    private static func literalSystem(in template: String) -> String? {
        let opening = "<|im_start|>system", ending = "<|im_end|>"
        var rest = template[...]
        while let start = rest.range(of: opening) {
            rest = rest[start.upperBound...]
            guard let end = rest.range(of: ending) else { return nil }
            var text = String(rest[..<end.lowerBound])
            // Line ends stand in a template as such, or as a program's text has them.
            guard text.hasPrefix("\n") || text.hasPrefix("\\n") else { continue }
            text.removeFirst(text.hasPrefix("\n") ? 1 : 2)
            // Where the literal ends before the turn does, a variable follows.
            if !text.isEmpty, !text.contains("'"), !text.contains("\""), !text.contains("{{") {
                return text.replacingOccurrences(of: "\\n", with: "\n")
            }
        }
        return nil
    }
}
