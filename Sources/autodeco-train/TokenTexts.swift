import Backbone
import Foundation
import Tokenizers

/// Texts of tokens, by the tokenizer that lies beside the cache; token ids where there is none.
struct TokenTexts {
    private let tokenizer: Tokenizer?

    init(folder: URL) { tokenizer = try? Tokenizer(directory: folder) }

    /// The text of each token; a character that several tokens make up stands with its last one.
    func texts(_ ids: [Int]) -> [String] {
        guard let tokenizer else { return ids.map { "⟨\($0)⟩" } }
        var decoder = StreamingDecoder(tokenizer), texts = ids.map { (try? decoder.append($0)) ?? "⟨\($0)⟩" }
        let rest = decoder.flush()
        if !rest.isEmpty, !texts.isEmpty { texts[texts.count - 1] += rest }
        return texts
    }
}
