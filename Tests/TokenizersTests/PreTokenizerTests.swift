import TestSupport
import Testing
@testable import Tokenizers

@Suite struct PreTokenizerTests {
    private func pieces(_ preTokenizer: String, _ text: String) throws -> [String] {
        let document = try JSONNode(file: "tokenizer.json", bytes: Array(#"{"pre_tokenizer": \#(preTokenizer)}"#.utf8))
        var matcher = PatternMatcher()
        let pieces = try PreTokenizer(document: document).pieces(of: Array(text.utf8), matcher: &matcher)
        return pieces.ranges.map { String(decoding: pieces.text[$0], as: UTF8.self) }
    }

    @Test(arguments: [
        ("Isolated", false, ["the", "-", "final", "-", "-", "countdown"]),
        ("Removed", false, ["the", "final", "countdown"]),
        ("MergedWithPrevious", false, ["the-", "final-", "-", "countdown"]),
        ("MergedWithNext", false, ["the", "-final", "-", "-countdown"]),
        ("Contiguous", false, ["the", "-", "final", "--", "countdown"]),
        ("Isolated", true, ["the", "-", "final", "-", "-", "countdown"]),
        ("Removed", true, ["-", "-", "-"]),
        ("MergedWithPrevious", true, ["the", "-final", "-", "-countdown"]),
        ("MergedWithNext", true, ["the-", "final-", "-", "countdown"]),
        ("Contiguous", true, ["the", "-", "final", "--", "countdown"]),
    ])
    func splitBehavesAsItsNameSays(behavior: String, invert: Bool, expected: [String]) throws {
        let regex = TokenizerFile.split(regex: "-", behavior: behavior, invert: invert)
        #expect(try pieces(regex, "the-final--countdown") == expected)
        let literal =
            #"{"type": "Split", "pattern": {"String": "-"}, "behavior": "\#(behavior)", "invert": \#(invert)}"#
        #expect(try pieces(literal, "the-final--countdown") == expected)
    }

    @Test func literalPatternsAreNotRegularExpressions() throws {
        let dot = #"{"type": "Split", "pattern": {"String": "."}, "behavior": "Removed", "invert": false}"#
        #expect(try pieces(dot, "a.b") == ["a", "b"])
    }

    @Test func digitsAreCutOneByOneOrTogether() throws {
        #expect(try pieces(#"{"type": "Digits", "individual_digits": true}"#, "ab12½c") == ["ab", "1", "2", "½", "c"])
        #expect(try pieces(#"{"type": "Digits", "individual_digits": false}"#, "ab12½c") == ["ab", "12½", "c"])
    }

    @Test func byteLevelCutsByTheGPT2PatternUnlessTold() throws {
        let text = "Hi there's  é"
        let byDefault = #"{"type": "ByteLevel", "add_prefix_space": false}"#
        #expect(try pieces(byDefault, text) == ["Hi", "Ġthere", "'s", "Ġ", "ĠÃ©"])
        #expect(try pieces(TokenizerFile.byteLevel, text) == ["HiĠthere'sĠĠÃ©"])
    }

    @Test func aPrefixSpaceIsAddedToEveryPieceThatHasNone() throws {
        let prefixing = #"{"type": "ByteLevel", "add_prefix_space": true, "use_regex": false}"#
        #expect(try pieces(prefixing, "a b") == ["ĠaĠb"])
        #expect(try pieces(prefixing, " a") == ["Ġa"])
        #expect(
            try pieces(TokenizerFile.sequence(TokenizerFile.split(regex: "b"), prefixing), "ab c") == [
                "Ġa", "Ġb", "Ġc",
            ])
        #expect(try pieces(prefixing, "") == [])
    }

    @Test func stepsFollowOneAnother() throws {
        let afterBytes = TokenizerFile.sequence(TokenizerFile.byteLevel, TokenizerFile.split(regex: "Ġ[a-z]+"))
        #expect(try pieces(afterBytes, "a b c") == ["a", "Ġb", "Ġc"])
        let nested = TokenizerFile.sequence(
            TokenizerFile.sequence(TokenizerFile.split(regex: "b")), TokenizerFile.split(regex: "a"))
        #expect(try pieces(nested, "aabc") == ["a", "a", "b", "c"])
    }

    @Test func aPatternSeesOnePieceAtATime() throws {
        // Without the cut before x the run of spaces would keep its last one for it.
        let steps = TokenizerFile.sequence(
            TokenizerFile.split(regex: "x"), TokenizerFile.split(regex: #"\s+(?!\S)|\s+"#))
        #expect(try pieces(steps, "a   x") == ["a", "   ", "x"])
    }

    @Test func withoutPreTokenizerTheTextIsOnePiece() throws {
        #expect(try pieces("null", "a b") == ["a b"])
    }

    @Test(arguments: [
        (#"{"type": "BertPreTokenizer"}"#, "$.pre_tokenizer.type", "BertPreTokenizer"),
        (
            #"{"type": "Sequence", "pretokenizers": [{"type": "Whitespace"}]}"#,
            "$.pre_tokenizer.pretokenizers[0].type", "Whitespace"
        ),
        (
            #"{"type": "Split", "pattern": {"Regex": "(?<a>b)"}, "behavior": "Isolated", "invert": false}"#,
            "$.pre_tokenizer.pattern.Regex", "(?<"
        ),
    ])
    func otherPreTokenizersAreRefusedByName(preTokenizer: String, path: String, name: String) {
        #expect {
            _ = try pieces(preTokenizer, "")
        } throws: { error in
            guard case TokenizerError.unsupported("tokenizer.json \(path)", let found, _) = error else { return false }
            return found.contains(name)
        }
    }

    @Test(arguments: [
        (
            #"{"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Sideways", "invert": false}"#,
            "$.pre_tokenizer.behavior"
        ),
        (
            #"{"type": "Split", "pattern": {"Glob": "a"}, "behavior": "Isolated", "invert": false}"#,
            "$.pre_tokenizer.pattern"
        ),
        (#"{"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Isolated"}"#, "$.pre_tokenizer.invert"),
        (#"{"type": "ByteLevel"}"#, "$.pre_tokenizer.add_prefix_space"),
        (#"{"pattern": "a"}"#, "$.pre_tokenizer.type"),
    ])
    func malformedPreTokenizersAreRefusedWithTheirPath(preTokenizer: String, path: String) {
        #expect {
            _ = try pieces(preTokenizer, "")
        } throws: { error in
            if case TokenizerError.malformed("tokenizer.json \(path)", _, _) = error { true } else { false }
        }
    }
}
