import Files
import Foundation
import Generation
import Terminal

private let modelFlag = Flag.string("model", "MODEL", "folder of the model, or a GGUF file").required()
private let conversationsFlag = Flag.string(
    "input", "FILE", "JSONL file, one {\"messages\": [{\"role\": …, \"content\": …}, …]} a line"
).required()

/// `autodeco-inspect chat`: conversations as the model's template writes them.
let chatCommand = Command(
    "chat", "Renders conversations as the model's template does.", flags: [modelFlag, conversationsFlag, jsonFlag]
) { arguments, console in
    struct Message: Decodable { var role: String, content: String }
    struct Line: Decodable { var messages: [Message] }
    struct Rendered: Encodable { var prompt: String }

    let format = try ChatFormat(model: folder(arguments[modelFlag]))
    let lines = try JSONLines(
        path: arguments[conversationsFlag], form: #"such as {"messages": [{"role": "user", "content": "Hi"}]}"#)
    while let line = try lines.next(Line.self) {
        guard !line.messages.isEmpty else {
            throw InputError(
                "\(arguments[conversationsFlag]), line \(lines.lineNumber): has no messages, expected some")
        }
        let prompt = format.prompt(line.messages.map { ChatTurn(role: $0.role, content: $0.content) })
        try arguments[jsonFlag] ? console.print(json: Rendered(prompt: prompt)) : console.print(prompt)
    }
}
