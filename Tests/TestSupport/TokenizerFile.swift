import Foundation
import Tokenizers

/// A small `tokenizer.json`, put together from fragments of JSON.
///
/// The vocabulary starts with the 256 characters of the byte-level alphabet, so that the id of a byte is the byte, and
/// goes on with `tokens` from id 256.
package struct TokenizerFile {
    package static let byteLevel =
        #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false}"#

    package var tokens: [String]
    package var merges: [String]
    package var model: String
    package var normalizer: String
    package var preTokenizer: String
    package var postProcessor: String
    package var decoder: String
    package var addedTokens: [String]
    /// Stands for the 256 characters and `tokens`.
    package var vocabulary: String?

    package init(
        tokens: [String] = [], merges: [String] = [], model: String = #""type": "BPE""#, normalizer: String = "null",
        preTokenizer: String = byteLevel, postProcessor: String = "null", decoder: String = byteLevel,
        addedTokens: [String] = [], vocabulary: String? = nil
    ) {
        (self.tokens, self.merges, self.model, self.normalizer) = (tokens, merges, model, normalizer)
        (self.preTokenizer, self.postProcessor, self.decoder) = (preTokenizer, postProcessor, decoder)
        (self.addedTokens, self.vocabulary) = (addedTokens, vocabulary)
    }

    /// What stands for a byte in such a vocabulary.
    package static func byteLevelCharacter(_ byte: Int) -> String { String(ByteLevelAlphabet.characters[byte]) }

    package var json: Data {
        let all = ByteLevelAlphabet.characters.map(String.init) + tokens
        let entries = all.enumerated().map { "\(jsonText($1)): \($0)" }.joined(separator: ", ")
        return Data(
            """
            {
              "version": "1.0", "truncation": null, "padding": null,
              "added_tokens": [\(addedTokens.joined(separator: ", "))],
              "normalizer": \(normalizer),
              "pre_tokenizer": \(preTokenizer),
              "post_processor": \(postProcessor),
              "decoder": \(decoder),
              "model": {\(model), "vocab": \(vocabulary ?? "{\(entries)}"),
                "merges": [\(merges.joined(separator: ", "))]}
            }
            """.utf8)
    }

    package func tokenizer(configuration: String? = nil) throws -> Tokenizer {
        try Tokenizer(json: json, configuration: configuration.map { Data($0.utf8) })
    }

    /// An entry of `added_tokens`; the file's id is of no consequence.
    package static func addedToken(
        _ content: String, special: Bool = false, normalized: Bool = false, lstrip: Bool = false, rstrip: Bool = false,
        singleWord: Bool = false
    ) -> String {
        """
        {"id": 0, "content": \(jsonText(content)), "special": \(special), "normalized": \(normalized), \
        "lstrip": \(lstrip), "rstrip": \(rstrip), "single_word": \(singleWord)}
        """
    }

    package static func split(regex: String, behavior: String = "Isolated", invert: Bool = false) -> String {
        #"{"type": "Split", "pattern": {"Regex": \#(jsonText(regex))}, "#
            + #""behavior": "\#(behavior)", "invert": \#(invert)}"#
    }

    package static func sequence(_ preTokenizers: String...) -> String {
        #"{"type": "Sequence", "pretokenizers": [\#(preTokenizers.joined(separator: ", "))]}"#
    }
}

package func jsonText(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
        switch scalar {
        case "\"", "\\": "\\\(scalar)"
        case "\u{00}"..."\u{1F}":
            "\\u" + String(repeating: "0", count: scalar.value < 16 ? 3 : 2) + String(scalar.value, radix: 16)
        default: String(scalar)
        }
    }
    return "\"\(escaped.joined())\""
}

/// Patterns as published, for tests of every stage.
package enum PublishedPattern {
    package static let llama3 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"#
        + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    package static let gptOSS = [
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#,
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#,
        #"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
    ].joined(separator: "|")
    package static let deepSeek = [
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##,
        #" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
    ].joined(separator: "|")
}

/// Numbers from a linear congruential generator: the same in every run.
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
