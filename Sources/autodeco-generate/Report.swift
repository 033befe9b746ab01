import Backbone
import Foundation
import Generation
import Terminal

/// What `--json` prints.
struct Report: Encodable {
    struct Sample: Encodable {
        var text: String
        var tokens: Int
        var finishReason: FinishReason

        enum CodingKeys: String, CodingKey {
            case text, tokens
            case finishReason = "finish_reason"
        }
    }

    var promptTokens: Int
    var samples: [Sample]

    enum CodingKeys: String, CodingKey {
        case promptTokens = "prompt_tokens"
        case samples
    }

    init(promptTokens: Int, completions: [GeneratedSample], texts: [CompletionText]) {
        self.promptTokens = promptTokens
        samples = zip(completions, texts).map { completion, text in
            Sample(text: text.shown, tokens: completion.decisions.count, finishReason: completion.finish)
        }
    }
}

/// Counts tokens, and how fast they come once the prompt is read.
struct TokenClock {
    private var count = 0
    private var first: UInt64 = 0, last: UInt64 = 0

    mutating func tick() {
        last = DispatchTime.now().uptimeNanoseconds
        if count == 0 { first = last }
        count += 1
    }

    var summary: String {
        let seconds = Double(last - first) / 1e9
        let tokens = "\(Readable.count(count)) token\(count == 1 ? "" : "s")"
        return count > 1 && seconds > 0 ? "\(tokens), \(Readable.rate(Double(count - 1) / seconds))" : tokens
    }
}
