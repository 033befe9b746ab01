import Backbone
import Decoding
import Files
import Foundation
import Generation
import Terminal

/// A mistake in what the user gave, in one sentence.
struct InputError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What the command line says, checked as a whole.
struct Options {
    let model: String
    let precision: ProductPrecision.Choice
    let decoder: DecoderChoice
    let template: PromptTemplate?
    let samples: Int, width: Int, maxTokens: Int
    let seed: UInt64
    let stops: [String]
    let shades: Bool, json: Bool
    let trace: String?
    private let promptText: String?
    private let promptFile: String?

    init(_ arguments: Arguments) throws {
        try SharedChecks.check(arguments)
        model = arguments[Flags.model]
        precision = arguments[Flags.precision].flatMap { ProductPrecision.Choice(rawValue: $0) } ?? .automatic
        (promptText, promptFile) = (arguments[Flags.prompt], arguments[Flags.promptFile])
        guard (promptText == nil) != (promptFile == nil) else {
            throw InputError(
                promptText == nil
                    ? "a prompt is missing: give --prompt or --prompt-file"
                    : "--prompt and --prompt-file exclude each other")
        }
        decoder = try DecoderChoice(arguments)
        template = try arguments[Flags.template].map { try PromptTemplate($0) }
        (samples, width) = (arguments[Flags.samples], arguments[Flags.width])
        maxTokens = arguments[Flags.maxTokens]
        seed = UInt64(arguments[Flags.seed])
        stops = arguments[Flags.stop]
        guard !stops.contains("") else { throw InputError("--stop is an empty text, which would stop everything") }
        (shades, json, trace) = (arguments[Flags.color], arguments[Flags.json], arguments[Flags.trace])
        if shades && json { throw InputError("--color and --json exclude each other") }
        if shades && arguments[Flags.heads] == nil {
            throw InputError("--color shades by predicted temperature and needs --heads")
        }
        if samples > 1, let flag = decoder.isGreedy ? (decoder == .greedy ? "--greedy" : "--temperature 0") : nil {
            throw InputError("\(flag) gives the same text each time; leave out --samples or \(flag)")
        }
    }

    /// The prompt as given, before its template.
    ///
    /// - Throws: ``InputError`` for a file that cannot be read, and for a prompt without text.
    func prompt() throws -> String {
        let text = try promptText ?? promptOfFile(promptFile ?? "")
        guard !text.isEmpty else { throw InputError("the prompt is empty") }
        return text
    }

    private func promptOfFile(_ path: String) throws -> String {
        let content = try Data(file: path)
        guard var text = String(data: content, encoding: .utf8) else { throw InputError("\(path): is not UTF-8 text") }
        if text.last?.isNewline == true { text.removeLast() }
        return text
    }
}
