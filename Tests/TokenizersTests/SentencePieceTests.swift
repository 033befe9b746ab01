import Foundation
import TestSupport
import Testing
@testable import Tokenizers

/// BPE with byte fallback, and what stands around it in the files of Gemma, Mistral and Phi-3: "▁" for a space.
@Suite struct SentencePieceTests {
    private static let mark = #"{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}"#
    private static let unmark = #"{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}"#

    /// A vocabulary of ▁, a, b and ▁a, of unknown and of the bytes that are asked for, from id 5 on.
    private func file(
        bytes: ClosedRange<Int>? = 0...255, normalizer: String = "null", preTokenizer: String = "null",
        decoder: String = "null", model: String = "", addedTokens: [String] = []
    ) -> TokenizerFile {
        var file = TokenizerFile(
            merges: [#"["▁", "a"]"#],
            model: #""type": "BPE", "byte_fallback": true, "unk_token": "?", "fuse_unk": true"# + model,
            normalizer: normalizer, preTokenizer: preTokenizer, decoder: decoder, addedTokens: addedTokens)
        let digits = (bytes.map(Array.init) ?? []).map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
        let entries = ["▁", "a", "b", "▁a", "?"] + digits.map { "<0x\($0)>" }
        file.vocabulary = "{" + entries.enumerated().map { "\(jsonText($1)): \($0)" }.joined(separator: ", ") + "}"
        return file
    }

    @Test func charactersWithoutATokenBecomeTheirBytes() throws {
        #expect(try file().tokenizer().encode("aéb") == [1, 5 + 0xC3, 5 + 0xA9, 2])
        #expect(try file().tokenizer().encode("\0") == [5])
        #expect(try file(bytes: nil).tokenizer().encode("aéb") == [1, 4, 2])
    }

    /// As in Hugging Face's library, whose unknown token waits for the next one that the vocabulary has.
    @Test func bytesGoPastAnUnknownCharacter() throws {
        let fused = try file(bytes: 0...127).tokenizer()
        #expect(try fused.encode("é\u{1}a") == [6, 4, 1])
        #expect(try fused.encode("éé\u{1}é") == [6, 4])
        #expect(
            try file(bytes: 0...127, model: #", "fuse_unk": false"#).tokenizer().encode("éé\u{1}éa") == [4, 6, 4, 4, 1])
    }

    @Test func marksArePutInFrontAndForSpaces() throws {
        let both = #"{"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, \#(Self.mark)]}"#
        let tokenizer = try file(normalizer: both).tokenizer()
        #expect(try tokenizer.encode("a a  b") == [3, 3, 0, 0, 2])
        #expect(try tokenizer.encode("") == [])
        #expect(try file(normalizer: Self.mark).tokenizer().encode("a a") == [1, 3])
        // Every stretch of text between added tokens is normalized by itself.
        let added = [TokenizerFile.addedToken("<x>")]
        #expect(try file(bytes: nil, normalizer: both, addedTokens: added).tokenizer().encode("a<x>a") == [3, 5, 3])
    }

    @Test(arguments: [
        ("always", [3, 3, 5, 3, 3]), ("first", [3, 3, 5, 1, 3]), ("never", [1, 3, 5, 1, 3]),
    ])
    func metaspacePrependsAsItsSchemeSays(scheme: String, expected: [Int]) throws {
        for split in [false, true] {
            let metaspace =
                #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "\#(scheme)", "split": \#(split)}"#
            let tokenizer = try file(
                bytes: nil, preTokenizer: metaspace, addedTokens: [TokenizerFile.addedToken("<x>")]
            ).tokenizer()
            #expect(try tokenizer.encode("a a<x>a a") == expected)
            // A text that begins with a mark gets no other.
            #expect(try tokenizer.encode("▁a") == [3] && tokenizer.encode(" a") == [3])
            // Nor is a text that an added token begins a beginning.
            #expect(try tokenizer.encode("<x>a").last == (scheme == "always" ? 3 : 1))
        }
    }

    @Test func metaspaceCutsBeforeEveryMark() throws {
        func pieces(_ metaspace: String) throws -> [String] {
            let document = try JSONNode(file: "tokenizer.json", bytes: Array(#"{"pre_tokenizer": \#(metaspace)}"#.utf8))
            var matcher = PatternMatcher()
            let pieces = try PreTokenizer(document: document).pieces(of: Array("a  b c".utf8), matcher: &matcher)
            return pieces.ranges.map { String(decoding: pieces.text[$0], as: UTF8.self) }
        }
        #expect(try pieces(#"{"type": "Metaspace", "replacement": "▁"}"#) == ["▁a", "▁", "▁b", "▁c"])
        #expect(try pieces(#"{"type": "Metaspace", "replacement": "▁", "split": false}"#) == ["▁a▁▁b▁c"])
        #expect(
            try pieces(#"{"type": "Metaspace", "replacement": "▁", "add_prefix_space": false}"#) == [
                "a", "▁", "▁b", "▁c",
            ])
    }

    /// The text of ids, whole and streamed.
    private func decoded(_ decoder: String, _ ids: [Int]) throws -> String {
        let tokenizer = try file(decoder: decoder, addedTokens: [TokenizerFile.addedToken("<s>", special: true)])
            .tokenizer()
        let text = try tokenizer.decode(ids)
        var streaming = StreamingDecoder(tokenizer)
        let streamed = try ids.map { try streaming.append($0) }.joined() + streaming.flush()
        #expect(streamed.unicodeScalars.elementsEqual(text.unicodeScalars), "\(ids)")
        return text
    }

    private static func sequence(_ more: String...) -> String {
        #"{"type": "Sequence", "decoders": [\#(([unmark] + more).joined(separator: ", "))]}"#
    }
    private static let bytes = #"{"type": "ByteFallback"}"#, fuse = #"{"type": "Fuse"}"#
    private static let strip = #"{"type": "Strip", "content": " ", "start": 1, "stop": 0}"#

    @Test func bytesInARowAreCharactersOrAllUnreadable() throws {
        let chain = Self.sequence(Self.bytes, Self.fuse)
        func byte(_ byte: Int) -> Int { 5 + byte }
        #expect(try decoded(chain, [3, byte(0xC3), byte(0xA9), 3]) == " aé a")
        #expect(try decoded(chain, [byte(0xC3), byte(0xA9), byte(0xC3), 1]) == "\u{FFFD}\u{FFFD}\u{FFFD}a")
        #expect(try decoded(chain, [byte(0x41), byte(0xFF)]) == "\u{FFFD}\u{FFFD}")
        #expect(try decoded(Self.sequence(Self.fuse), [byte(0x41)]) == "<0x41>")
    }

    @Test func oneSpaceIsTakenFromTheBeginningOfTheWholeText() throws {
        let chain = Self.sequence(Self.bytes, Self.fuse, Self.strip)
        #expect(try decoded(chain, [3, 3]) == "a a")
        #expect(try decoded(chain, [0, 0, 1]) == " a")
        #expect(try decoded(chain, [1, 3]) == "a a")
        #expect(try decoded(chain, [261, 3]) == "<s> a")
        #expect(try decoded(chain, [5 + 0x20, 3]) == " a")
        #expect(try decoded(chain, []) == "")
    }

    @Test func aMetaspaceDecoderTakesTheFirstTokensMarks() throws {
        let always = #"{"type": "Metaspace", "replacement": "▁"}"#
        #expect(try decoded(always, [3, 3, 0]) == "a a ")
        #expect(try decoded(always, [0, 3]) == " a")
        let never = #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"}"#
        #expect(try decoded(never, [3, 3]) == " a a")
    }

    /// Ids at random: bytes, marks and others in any order.
    @Test func streamedPiecesAreTheWholeText() throws {
        var generator = SeededGenerator(seed: 8)
        let ids = [0, 1, 3, 3, 261, 5 + 0x20, 5 + 0x41, 5 + 0xC3, 5 + 0xA9, 5 + 0xE2, 5 + 0x82, 5 + 0xAC]
        for _ in 0..<400 {
            _ = try decoded(
                Self.sequence(Self.bytes, Self.fuse, Self.strip),
                (0..<10).compactMap { _ in ids.randomElement(using: &generator) })
        }
    }

    private func found(_ file: TokenizerFile) -> String {
        do {
            _ = try file.tokenizer()
            return "no error"
        } catch { return "\(error)" }
    }

    @Test(arguments: [
        (
            #"{"type": "Replace", "pattern": {"Regex": "a+"}, "content": "b"}"#,
            "$.normalizer.pattern: found no text under String, which is not supported; supported: a text, no regular "
                + "expression"
        ),
        (
            #"{"type": "Replace", "pattern": {"String": ""}, "content": "b"}"#,
            #"$.normalizer.pattern.String: found "", expected a text that is not empty"#
        ),
        (#"{"type": "Replace", "pattern": {"String": "a"}}"#, "$.normalizer.content: found nothing, expected a value"),
        (#"{"type": "Prepend"}"#, "$.normalizer.prepend: found nothing, expected a value"),
        (
            #"{"type": "Precompiled", "precompiled_charsmap": ""}"#,
            #"$.normalizer.type: found "Precompiled", which is not supported; supported: NFC, Prepend, Replace, "#
                + "Sequence, or null"
        ),
    ])
    func otherNormalizersAreRefused(normalizer: String, sentence: String) {
        #expect(found(file(normalizer: normalizer)) == "tokenizer.json \(sentence)")
    }

    @Test(arguments: [
        (#""replacement": "▁▁""#, #"replacement: found "▁▁", expected one character"#),
        (#""prepend_scheme": "first""#, "replacement: found nothing, expected a value"),
        (
            #""replacement": "▁", "prepend_scheme": "last""#,
            #"prepend_scheme: found "last", expected always, first or never"#
        ),
        (
            #""replacement": "▁", "prepend_scheme": "first", "add_prefix_space": false"#,
            "add_prefix_space: found false, expected true, or prepend_scheme never"
        ),
    ])
    func metaspacesThatContradictThemselvesAreRefused(members: String, sentence: String) {
        let metaspace = #"{"type": "Metaspace", \#(members)}"#
        #expect(found(file(preTokenizer: metaspace)) == "tokenizer.json $.pre_tokenizer.\(sentence)")
        #expect(found(file(decoder: metaspace)) == "tokenizer.json $.decoder.\(sentence)")
    }

    @Test func decodersInAnotherOrderAreRefused() {
        func decoders(_ chain: [String]) -> String {
            found(file(decoder: #"{"type": "Sequence", "decoders": [\#(chain.joined(separator: ", "))]}"#))
        }
        let supported =
            ", which is not supported; supported: ByteLevel or Metaspace (first), Replace, ByteFallback, then Fuse, "
            + "then Strip (at the start), or null"
        #expect(
            decoders([Self.bytes, Self.unmark])
                == "tokenizer.json $.decoder.decoders[1].type: found \"Replace\"\(supported)")
        #expect(decoders([Self.bytes, Self.strip]).hasSuffix("[1].type: found \"Strip\"\(supported)"))
        #expect(decoders([TokenizerFile.byteLevel, Self.fuse, Self.strip]).hasSuffix("found \"Strip\"\(supported)"))
        #expect(
            decoders([Self.fuse, #"{"type": "Strip", "content": " ", "start": 0, "stop": 1}"#])
                == "tokenizer.json $.decoder.decoders[1].stop: found 1, which is not supported; supported: 0, nothing "
                + "at the end")
    }
}
