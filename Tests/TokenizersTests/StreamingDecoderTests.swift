import TestSupport
import Testing
@testable import Tokenizers

/// Ids of bytes are the bytes, so that any bytes can be streamed.
@Suite struct StreamingDecoderTests {
    private func pieces(_ bytes: [Int]) throws -> [String] {
        var decoder = StreamingDecoder(try TokenizerFile().tokenizer())
        return try bytes.map { try decoder.append($0) } + [decoder.flush()]
    }

    @Test func aCharacterAppearsWhenItIsComplete() throws {
        #expect(try pieces([0x61, 0xC3, 0xA9, 0xE6, 0x97, 0xA5]) == ["a", "", "é", "", "", "日", ""])
        #expect(try pieces([0xF0, 0x9F, 0x99, 0x82]) == ["", "", "", "🙂", ""])
    }

    @Test func whatIsLeftAtTheEndBecomesOneReplacementCharacter() throws {
        #expect(try pieces([0xF0, 0x9F, 0x99]) == ["", "", "", "\u{FFFD}"])
        #expect(try pieces([0xC3]) == ["", "\u{FFFD}"])
    }

    @Test func bytesThatCanNoLongerBecomeACharacterAppearAtOnce() throws {
        #expect(try pieces([0x80, 0xFF, 0x61]) == ["\u{FFFD}", "\u{FFFD}", "a", ""])
        #expect(try pieces([0xE6, 0x97, 0x61]) == ["", "", "\u{FFFD}a", ""])
        // No overlong forms, no surrogates, nothing above U+10FFFF: the first byte falls alone.
        #expect(try pieces([0xE0, 0x80]) == ["", "\u{FFFD}\u{FFFD}", ""])
        #expect(try pieces([0xED, 0xA0]) == ["", "\u{FFFD}\u{FFFD}", ""])
        #expect(try pieces([0xF4, 0x90]) == ["", "\u{FFFD}\u{FFFD}", ""])
        #expect(try pieces([0xC0, 0xF5]) == ["\u{FFFD}", "\u{FFFD}", ""])
    }

    @Test func piecesTogetherAreTheWholeText() throws {
        let tokenizer = try TokenizerFile(
            tokens: ["Ã©", "æĹ"], addedTokens: [TokenizerFile.addedToken("<s>", special: true)]
        ).tokenizer()
        // Mostly bytes that begin and continue characters.
        let alphabet = [
            0x61, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC3, 0xE0, 0xE6, 0xED, 0xF0, 0xF4, 0xF5, 0xFF, 256, 257,
            258,
        ]
        var generator = SeededGenerator(seed: 4)
        for skips in [false, true] {
            for _ in 0..<3_000 {
                let ids = (0..<12).compactMap { _ in alphabet.randomElement(using: &generator) }
                var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: skips)
                var text = try ids.map { try decoder.append($0) }.joined()
                text += decoder.flush()
                let whole = try tokenizer.decode(ids, skipSpecialTokens: skips)
                #expect(text.unicodeScalars.elementsEqual(whole.unicodeScalars), "\(ids)")
            }
        }
    }

    @Test func afterAnUnknownIDDecodingGoesOn() throws {
        var decoder = StreamingDecoder(try TokenizerFile().tokenizer())
        #expect(try decoder.append(0xC3) == "")
        #expect(throws: TokenizerError.unknownID(999, vocabularySize: 256)) { _ = try decoder.append(999) }
        #expect(try decoder.append(0xA9) == "é")
    }

    @Test func afterAFlushANewTextBegins() throws {
        var decoder = StreamingDecoder(try TokenizerFile(decoder: "null").tokenizer())
        #expect(try decoder.append(97) + decoder.append(98) == "a b")
        #expect(decoder.flush() == "")
        #expect(try decoder.append(99) == "c")
    }
}
