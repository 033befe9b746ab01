import Files
import Foundation
import Generation
import Terminal
import Tokenizers

private let modelFlag = Flag.string("model", "DIR", "folder with tokenizer.json, or a GGUF file").required()
private let textFlag = Flag.string("text", "TEXT", "one text")
private let textsFlag = Flag.string("input", "FILE", "JSONL file, one {\"text\": …} a line")

/// `autodeco-inspect tokens`: what a tokenizer makes of texts.
let tokensCommand = Command(
    "tokens", "Encodes texts, and decodes what came out.", flags: [modelFlag, textFlag, textsFlag, jsonFlag]
) { arguments, console in
    let tokenizer = try Tokenizer(model: folder(arguments[modelFlag]))
    for text in try texts(text: arguments[textFlag], file: arguments[textsFlag]) {
        let row = try TokenizedText(text, tokenizer)
        try arguments[jsonFlag] ? console.print(json: row) : console.print(row.text(tokenizer))
    }
}

/// The texts of either flag.
private func texts(text: String?, file: String?) throws -> [String] {
    switch (text, file) {
    case (let text?, nil): return [text]
    case (nil, let file?):
        struct Line: Decodable { var text: String }
        let lines = try JSONLines(path: file, form: "such as {\"text\": \"one\"}")
        var texts: [String] = []
        while let line = try lines.next(Line.self) { texts.append(line.text) }
        return texts
    default: throw InputError("tokens needs either --text or --input")
    }
}

private struct TokenizedText: Encodable {
    var ids: [Int]
    var idsWithoutSpecial: [Int]
    var decoded: String

    enum CodingKeys: String, CodingKey {
        case ids
        case idsWithoutSpecial = "ids_without_special"
        case decoded
    }

    init(_ text: String, _ tokenizer: Tokenizer) throws {
        ids = try tokenizer.encode(text)
        idsWithoutSpecial = try tokenizer.encode(text, addSpecialTokens: false)
        decoded = try tokenizer.decode(idsWithoutSpecial)
    }

    /// One token a line: id and how it is spelt.
    func text(_ tokenizer: Tokenizer) -> String {
        ids.map { id in String(format: "%7d  ", id) + (tokenizer.token(for: id) ?? "?") }.joined(separator: "\n")
    }
}
