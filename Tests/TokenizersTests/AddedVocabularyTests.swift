import TestSupport
import Testing
@testable import Tokenizers

/// Ids of bytes are the bytes; added tokens have the ids from 256 on, in the order of the file.
@Suite struct AddedVocabularyTests {
    private typealias File = TokenizerFile

    private func encode(_ text: String, _ addedTokens: [String], normalizer: String = "null") throws -> [Int] {
        try TokenizerFile(normalizer: normalizer, addedTokens: addedTokens).tokenizer().encode(text)
    }

    @Test func tokensAreFoundAnywhereInTheText() throws {
        #expect(try encode("a<x>b<x>", [File.addedToken("<x>")]) == [97, 256, 98, 256])
        #expect(try encode("<x", [File.addedToken("<x>")]) == [60, 120])
    }

    @Test func theLeftmostAndThenTheLongestTokenWins() throws {
        let tokens = [File.addedToken("<|"), File.addedToken("<|end|>"), File.addedToken("|e")]
        #expect(try encode("<|end|>", tokens) == [257])
        #expect(try encode("<|en<|", tokens) == [256, 101, 110, 256])
    }

    @Test func tokensCanHaveAnyCharacters() throws {
        let begin = "<｜begin▁of▁sentence｜>"
        #expect(try encode("\(begin)a<｜", [File.addedToken(begin, special: true)]) == [256, 97, 60, 0xEF, 0xBD, 0x9C])
    }

    @Test func tokensTakeTheWhitespaceTheyStrip() throws {
        #expect(try encode("a \t<l> b", [File.addedToken("<l>", lstrip: true)]) == [97, 256, 32, 98])
        #expect(try encode("a <r> \u{3000}b", [File.addedToken("<r>", rstrip: true)]) == [97, 32, 256, 98])
    }

    @Test func whitespaceThatOneTokenTookIsNotTakenTwice() throws {
        let both = File.addedToken("<b>", lstrip: true, rstrip: true)
        #expect(try encode(" <b>  <b> ", [both]) == [256, 256])
        // As in Hugging Face, a token that another one stripped is found all the same.
        #expect(try encode("a\t\t\t\t", [File.addedToken("\t\t", rstrip: true)]) == [97, 256, 256])
    }

    @Test func aSingleWordCountsOnlyByItself() throws {
        let word = File.addedToken("ab", singleWord: true)
        #expect(try encode("ab", [word]) == [256])
        #expect(try encode(" ab,", [word]) == [32, 256, 44])
        #expect(try encode("abc", [word]) == [97, 98, 99])
        #expect(try encode("_ab", [word]) == [95, 97, 98])
        #expect(try encode("éab", [word]) == [0xC3, 0xA9, 97, 98])
        #expect(try encode("ab\u{200D}", [word]) == [97, 98, 0xE2, 0x80, 0x8D])
    }

    @Test func normalizedTokensAreFoundInNormalizedText() throws {
        let tokens = [File.addedToken("<e\u{0301}>", normalized: true), File.addedToken("<o\u{0308}>")]
        let nfc = #"{"type": "NFC"}"#
        #expect(try encode("<é><e\u{0301}>", tokens, normalizer: nfc) == [256, 256])
        // The other one is looked for as it is written.
        #expect(try encode("<o\u{0308}><ö>", tokens, normalizer: nfc) == [257, 60, 0xC3, 0xB6, 62])
    }

    @Test func tokensAreCutOutBeforeTheTextIsNormalized() throws {
        let nfc = #"{"type": "Sequence", "normalizers": [{"type": "NFC"}]}"#
        // Across the token e and the accent do not meet.
        #expect(try encode("e<x>\u{0301}", [File.addedToken("<x>")], normalizer: nfc) == [101, 256, 0xCC, 0x81])
        #expect(try encode("e\u{0301}", [], normalizer: nfc) == [0xC3, 0xA9])
    }

    @Test func idsAreGivenAsHuggingFaceGivesThem() throws {
        var file = TokenizerFile(addedTokens: [
            File.addedToken("b"), File.addedToken("<x>"), File.addedToken(""), File.addedToken("<y>"),
        ])
        file.vocabulary = #"{"a": 0, "b": 7}"#
        let tokenizer = try file.tokenizer()
        // b keeps the id of the vocabulary, and the others count on from its size, whatever the file says.
        #expect(try tokenizer.encode("b<x><y>") == [7, 2, 3])
        #expect(tokenizer.vocabularySize == 4)
        #expect(tokenizer.id(for: "<y>") == 3)
        #expect(tokenizer.token(for: 3) == "<y>")
        #expect(tokenizer.token(for: 7) == "b")
        #expect(tokenizer.token(for: 1) == nil)
    }

    @Test func aTokenThatIsAddedTwiceHasItsLastProperties() throws {
        let tokenizer = try TokenizerFile(addedTokens: [
            File.addedToken("<x>"), File.addedToken("<x>", special: true, rstrip: true),
        ])
        .tokenizer()
        #expect(try tokenizer.encode("<x> a") == [256, 97])
        #expect(tokenizer.specialTokens.map(\.id) == [256])
        #expect(tokenizer.vocabularySize == 257)
    }

    @Test func tokensThatNormalizeToTheSameTextAreRefused() {
        let tokens = [File.addedToken("\u{C5}", normalized: true), File.addedToken("\u{212B}", normalized: true)]
        #expect {
            _ = try encode("", tokens, normalizer: #"{"type": "NFC"}"#)
        } throws: { error in
            if case TokenizerError.malformed("tokenizer.json $.added_tokens", _, _) = error { true } else { false }
        }
    }

    @Test func aTokenWithoutItsPropertiesIsRefused() {
        #expect(
            throws: TokenizerError.malformed(
                location: "tokenizer.json $.added_tokens[0].special", found: "nothing", expected: "a value")
        ) { _ = try encode("", [#"{"id": 1, "content": "x"}"#]) }
    }
}
