import Foundation
import Goldens
import Testing
@testable import Tokenizers

/// Ids and texts from Hugging Face's `tokenizers`: of vocabularies of our own, which
/// data/scripts/make_tokenizer_goldens.py trains, and of published ones outside of the package.
@Suite struct TokenizerGoldenTests {
    private struct Expectation: Decodable {
        let text: String
        let ids: [Int]
        let ids_without_special: [Int]
        let decoded: String
        let decoded_without_last: String?
    }

    @Test(arguments: ["beginning", "composing", "gemma", "mistral", "phi3", "unigram"])
    func ownGoldensHold(kind: String) throws { try hold(Goldens.own("tokenizers/\(kind)")) }

    @Test(.enabled(if: Goldens.areOutside, "\(Goldens.absence)"), arguments: ["deepseek", "llama3", "qwen2"])
    func goldensHold(kind: String) throws { try hold(Goldens.outside("tokenizers/\(kind)")) }

    @Test(.enabled(if: Goldens.areOutside, "\(Goldens.absence)"))
    func noGoldenIsLeftOut() throws {
        #expect(try Goldens.names(outside: "tokenizers") == ["deepseek", "llama3", "qwen2"])
    }

    /// Ids and texts are the same or they are not: there is no tolerance.
    private func hold(_ folder: URL) throws {
        let tokenizer = try Tokenizer(directory: folder)
        let json = try Data(contentsOf: folder.appendingPathComponent("expected.json"))
        let expectations = try JSONDecoder().decode([Expectation].self, from: json)
        try #require(!expectations.isEmpty)
        for expected in expectations {
            let name = "\(folder.lastPathComponent): \(expected.text.debugDescription.prefix(80))"
            #expect(try tokenizer.encode(expected.text) == expected.ids, "\(name)")
            #expect(
                try tokenizer.encode(expected.text, addSpecialTokens: false) == expected.ids_without_special, "\(name)")
            let decoded = try tokenizer.decode(expected.ids_without_special)
            #expect(decoded.unicodeScalars.elementsEqual(expected.decoded.unicodeScalars), "\(name)")
            if let cut = expected.decoded_without_last {
                let decoded = try tokenizer.decode(expected.ids_without_special.dropLast())
                #expect(decoded.unicodeScalars.elementsEqual(cut.unicodeScalars), "\(name) without its last token")
            }
        }
        print("\(folder.lastPathComponent): \(expectations.count) texts")
    }
}
