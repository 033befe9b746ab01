import TestSupport
import Testing
@testable import Tokenizers

/// Ids of bytes are the bytes; 256 is the first token after them.
@Suite struct BytePairEncodingTests {
    private func encode(
        _ text: String, tokens: [String], merges: [String], model: String = #""type": "BPE""#
    ) throws -> [Int] {
        try TokenizerFile(tokens: tokens, merges: merges, model: model).tokenizer().encode(text)
    }

    @Test func theMergeOfLowestRankIsMadeFirst() throws {
        let tokens = ["ab", "bc"]
        #expect(try encode("abc", tokens: tokens, merges: [#"["a", "b"]"#, #"["b", "c"]"#]) == [256, 99])
        #expect(try encode("abc", tokens: tokens, merges: [#"["b", "c"]"#, #"["a", "b"]"#]) == [97, 257])
    }

    @Test func ofEqualRanksTheLeftmostMergeIsMadeFirst() throws {
        #expect(try encode("aaaaa", tokens: ["aa"], merges: [#"["a", "a"]"#]) == [256, 256, 97])
    }

    @Test func mergesBuildOnMerges() throws {
        let merges = [#"["a", "b"]"#, #"["ab", "ab"]"#, #"["c", "abab"]"#]
        #expect(try encode("cababab", tokens: ["ab", "abab", "cabab"], merges: merges) == [258, 256])
    }

    @Test func aPairWhoseNeighbourMergedAwayIsNotMerged() throws {
        // "bc" waits in the queue when "ab" takes its b.
        #expect(
            try encode("abcd", tokens: ["ab", "bc", "cd"], merges: [#"["a", "b"]"#, #"["b", "c"]"#, #"["c", "d"]"#])
                == [256, 258])
    }

    @Test func ofTwoMergesOfOnePairTheLaterCounts() throws {
        let merges = [#"["a", "b"]"#, #"["b", "c"]"#, #"["a", "b"]"#]
        #expect(try encode("abc", tokens: ["ab", "bc"], merges: merges) == [97, 257])
    }

    @Test func mergesCanBeStrings() throws {
        #expect(try encode("abc", tokens: ["ab"], merges: [##""#version: 0.2""##, #""a b""#]) == [256, 99])
    }

    @Test func mergesDoNotCrossPieces() throws {
        var file = TokenizerFile(tokens: ["ab"], merges: [#"["a", "b"]"#])
        file.preTokenizer = TokenizerFile.sequence(TokenizerFile.split(regex: "b"), TokenizerFile.byteLevel)
        #expect(try file.tokenizer().encode("ab") == [97, 98])
    }

    @Test func aPieceThatIsATokenNeedsNoMergesWhereTheyAreIgnored() throws {
        #expect(try encode("abc", tokens: ["abc"], merges: []) == [97, 98, 99])
        #expect(
            try encode("abc", tokens: ["abc"], merges: [], model: #""type": "BPE", "ignore_merges": true"#) == [256])
    }

    @Test func aRepeatedPieceHasTheSameIDsAgain() throws {
        var file = TokenizerFile(tokens: ["ab"], merges: [#"["a", "b"]"#])
        file.preTokenizer = TokenizerFile.sequence(TokenizerFile.split(regex: "abc?"), TokenizerFile.byteLevel)
        #expect(try file.tokenizer().encode("ababcabab") == [256, 256, 99, 256, 256])
    }

    @Test(arguments: [
        (#""type": "BPE""#, [0, 1]),
        (#""type": "BPE", "unk_token": "?""#, [2, 0, 2, 2, 1, 2]),
        (#""type": "BPE", "unk_token": "?", "fuse_unk": true"#, [2, 0, 2, 1, 2]),
    ])
    func unknownCharactersAreDroppedReplacedOrFused(model: String, expected: [Int]) throws {
        var file = TokenizerFile(model: model, preTokenizer: "null")
        file.vocabulary = #"{"a": 0, "é": 1, "?": 2}"#
        #expect(try file.tokenizer().encode("xa语yéz") == expected)
    }

    @Test func canonicallyEquivalentCharactersAreDifferentTokens() throws {
        var file = TokenizerFile(preTokenizer: "null")
        file.vocabulary = #"{"\u00c5": 0, "\u212b": 1}"#
        #expect(try file.tokenizer().encode("\u{212B}\u{C5}") == [1, 0])
    }

    @Test func aByteLevelVocabularyNeedsNoUnknownToken() throws {
        #expect(try encode("a", tokens: [], merges: [], model: #""type": "BPE", "unk_token": """#) == [97])
    }

    @Test(arguments: [
        (#""type": "WordPiece""#, "$.model.type", "\"WordPiece\""),
        (#""type": "BPE", "dropout": 0.1"#, "$.model.dropout", "0.1"),
        (#""type": "BPE", "continuing_subword_prefix": "@@""#, "$.model.continuing_subword_prefix", "\"@@\""),
        (#""type": "BPE", "end_of_word_suffix": "</w>""#, "$.model.end_of_word_suffix", "\"</w>\""),
    ])
    func otherModelsAreRefusedByName(model: String, path: String, found: String) {
        #expect {
            _ = try encode("", tokens: [], merges: [], model: model)
        } throws: { error in
            guard case TokenizerError.unsupported("tokenizer.json \(path)", found, _) = error else { return false }
            return true
        }
    }

    @Test func emptyAffixesAndNoDropoutAreNothing() throws {
        let model =
            #""type": "BPE", "dropout": 0.0, "continuing_subword_prefix": "", "end_of_word_suffix": "", "#
            + #""byte_fallback": false"#
        #expect(try encode("a", tokens: [], merges: [], model: model) == [97])
    }

    @Test func theOldestFilesNameNoType() throws {
        #expect(try encode("ab", tokens: ["ab"], merges: [#""a b""#], model: #""fuse_unk": false"#) == [256])
    }

    @Test(arguments: [
        (#"["a", "xx"]"#, "$.model.merges[0]", "\"xx\""), (#"["a", "b"]"#, "$.model.merges[0]", "\"ab\""),
        (#""a  b""#, "$.model.merges[0]", "\"a  b\""), (#""ab""#, "$.model.merges[0]", "\"ab\""),
        (#"["a"]"#, "$.model.merges[0]", "a list of 1"), ("7", "$.model.merges[0]", "7"),
    ])
    func mergesOfWhatIsNoTokenAreRefused(merge: String, path: String, found: String) {
        #expect {
            _ = try encode("", tokens: [], merges: [merge])
        } throws: { error in
            guard case TokenizerError.malformed("tokenizer.json \(path)", found, _) = error else { return false }
            return true
        }
    }

    @Test(arguments: [#"{"a": -1}"#, #"{"a": 4294967295}"#, #"{"a": 1.5}"#, #"{"a": "0"}"#])
    func idsThatAreNoIDsAreRefused(vocabulary: String) {
        var file = TokenizerFile()
        file.vocabulary = vocabulary
        #expect {
            _ = try file.tokenizer()
        } throws: { error in
            guard case TokenizerError.malformed(#"tokenizer.json $.model.vocab["a"]"#, _, _) = error else {
                return false
            }
            return true
        }
    }

    @Test func anUnknownTokenThatIsNoTokenIsRefused() {
        var file = TokenizerFile(model: #""type": "BPE", "unk_token": "?""#, preTokenizer: "null")
        file.vocabulary = #"{"a": 0}"#
        #expect(
            throws: TokenizerError.malformed(
                location: "tokenizer.json $.model.unk_token", found: "\"?\"", expected: "a token of model.vocab")
        ) { _ = try file.tokenizer() }
    }

    @Test func aTableKeepsManyKeysApart() {
        var table = ByteStringTable()
        for number in 0..<5_000 { table.set(Array(String(number * 7).utf8)[...], to: number) }
        table.set(Array("0".utf8)[...], to: -1)
        #expect(table.count == 5_000)
        #expect((1..<5_000).allSatisfy { table[String($0 * 7)] == $0 })
        #expect(table["0"] == -1)
        #expect(table["1"] == nil)
        #expect(table["350000"] == nil)
    }
}
