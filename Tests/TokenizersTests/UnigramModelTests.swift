import Foundation
import TestSupport
import Testing
@testable import Tokenizers

/// SentencePiece's unigram: the tokens whose scores sum highest.
@Suite struct UnigramModelTests {
    private func tokenizer(_ tokens: [(String, Double)], members: String = #""unk_id": 0"#) throws -> Tokenizer {
        let pairs = tokens.map { "[\(jsonText($0)), \($1)]" }.joined(separator: ", ")
        return try Tokenizer(json: Data(#"{"model": {"type": "Unigram", "vocab": [\#(pairs)], \#(members)}}"#.utf8))
    }

    private let tokens = [("?", 0.0), ("a", -1.0), ("b", -2.0), ("ab", -3.5), ("aba", -3.9), ("é", -4.0)]

    @Test func theHighestSumWins() throws {
        let tokenizer = try tokenizer(tokens)
        // a + b is −3, ab −3.5; aba −3.9, a + b + a −4.
        #expect(try tokenizer.encode("ab") == [1, 2])
        #expect(try tokenizer.encode("aba") == [4])
        #expect(try tokenizer.encode("abaé") == [4, 5])
        #expect(try tokenizer.encode("") == [])
    }

    /// By brute force over all ways to cut a text.
    @Test func noOtherWayToCutSumsHigher() throws {
        let words = ["a", "b", "c", "ab", "bc", "abc", "ca", "bb", "cab", "aab"]
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<20 {
            let scores = words.map { ($0, -Double.random(in: 1...9, using: &generator)) }
            let table = Dictionary(uniqueKeysWithValues: scores), tokenizer = try tokenizer([("?", 0)] + scores)
            func best(_ text: Substring) -> Double {
                text.isEmpty
                    ? 0
                    : words.filter { text.hasPrefix($0) }.map { (table[$0] ?? 0) + best(text.dropFirst($0.count)) }
                        .max()
                        ?? -.infinity
            }
            for _ in 0..<20 {
                let text = String((0..<9).compactMap { _ in "abc".randomElement(using: &generator) })
                let sum = try tokenizer.encode(text).reduce(0) { $0 + scores[$1 - 1].1 }
                #expect(abs(sum - best(text[...])) < 1e-9, "\(text)")
            }
        }
    }

    @Test func ofEqualSumsTheShorterTokenThatCameFirstStays() throws {
        let even = [("?", 0.0), ("a", -1.0), ("aa", -2.0)]
        // As in Hugging Face's library: only a higher sum replaces what was found before.
        #expect(try tokenizer(even).encode("aa") == [2])
        #expect(try tokenizer(even).encode("aaa") == [1, 2])
    }

    @Test func unknownCharactersInARowAreOneToken() throws {
        let tokenizer = try tokenizer(tokens)
        #expect(try tokenizer.encode("axyb語") == [1, 0, 2, 0])
        #expect(try tokenizer.encode("xy") == [0])
    }

    @Test func unknownCharactersBecomeBytesWhereAllOfThemAreThere() throws {
        let bytes = [0xC3, 0xA8].map { ("<0x\(String($0, radix: 16, uppercase: true))>", 0.0) }
        let fallback = try tokenizer(tokens + bytes, members: #""unk_id": 0, "byte_fallback": true"#)
        #expect(try fallback.encode("aèèb") == [1, 6, 7, 6, 7, 2])
        // One that lacks a byte takes its neighbours with it.
        #expect(try fallback.encode("aèxb") == [1, 0, 2])
        #expect(try tokenizer(tokens + bytes).encode("aèb") == [1, 0, 2])
    }

    @Test(arguments: [
        ("[]", #""unk_id": 0"#, "unk_id: found 0, expected the id of one of the 0 tokens"),
        (#"[["a", 0]]"#, #""unk_id": 1"#, "unk_id: found 1, expected the id of one of the 1 tokens"),
        (#"[["a", 0]]"#, #""unk_id": null"#, "unk_id: found nothing, expected a value"),
        (#"[["a", 0]]"#, #""unk_id": -1"#, "unk_id: found -1, expected a token id from 0 to 4294967295"),
        (#"[["a", 0], ["b"]]"#, #""unk_id": 0"#, "vocab[1]: found a list of 1, expected a token and its score"),
        (#"[["a", "0"]]"#, #""unk_id": 0"#, "vocab[0]: found a list of 2, expected a token and its score"),
        (#"{"a": 0}"#, #""unk_id": 0"#, "vocab: found an object of 1 key, expected a list"),
        (
            #"[["a", 0], ["a", 1]]"#, #""unk_id": 0"#,
            "vocab[1]: found a second token 'a', which is not supported; supported: tokens that differ"
        ),
    ])
    func whatIsNoModelIsRefused(vocabulary: String, members: String, sentence: String) {
        let json = #"{"model": {"type": "Unigram", "vocab": \#(vocabulary), \#(members)}}"#
        let error = #expect(throws: TokenizerError.self) { _ = try Tokenizer(json: Data(json.utf8)) }
        #expect(error?.description == "tokenizer.json $.model.\(sentence)")
    }
}
