import Files
import Foundation
import TestSupport
import Testing
@testable import Tokenizers

@Suite struct TokenizerTests {
    private typealias File = TokenizerFile
    private let special = [
        File.addedToken("<s>", special: true), File.addedToken("</s>", special: true), File.addedToken("<x>"),
    ]

    private func template(
        _ single: String, tokens: String = #""<s>": {"ids": [256]}, "</s>": {"ids": [257, 258]}"#
    ) -> String {
        #"{"type": "TemplateProcessing", "single": [\#(single)], "pair": [], "special_tokens": {\#(tokens)}}"#
    }
    private let beginning = #"{"SpecialToken": {"id": "<s>", "type_id": 0}}"#
    private let sequence = #"{"Sequence": {"id": "A", "type_id": 0}}"#
    private let ending = #"{"SpecialToken": {"id": "</s>", "type_id": 0}}"#

    @Test func thePostProcessorPutsItsTokensAroundTheText() throws {
        let around = template("\(beginning), \(sequence), \(ending)")
        let tokenizer = try TokenizerFile(postProcessor: around, addedTokens: special).tokenizer()
        #expect(try tokenizer.encode("a") == [256, 97, 257, 258])
        #expect(try tokenizer.encode("a", addSpecialTokens: false) == [97])
        #expect(try tokenizer.encode("") == [256, 257, 258])
        #expect(tokenizer.beginningOfSequence == 256)
        let inSequence = #"{"type": "Sequence", "processors": [\#(File.byteLevel), \#(around)]}"#
        #expect(
            try TokenizerFile(postProcessor: inSequence, addedTokens: special).tokenizer().encode("a") == [
                256, 97, 257, 258,
            ])
    }

    @Test func nothingAsksForABeginningUnlessItSaysSo() throws {
        let file = TokenizerFile(addedTokens: special)
        #expect(try file.tokenizer().beginningOfSequence == nil)
        #expect(try file.tokenizer(configuration: #"{"bos_token": "<s>"}"#).beginningOfSequence == nil)
        #expect(
            try file.tokenizer(configuration: #"{"bos_token": "<s>", "add_bos_token": false}"#).beginningOfSequence
                == nil)
        let asking = try file.tokenizer(configuration: #"{"bos_token": {"content": "<s>"}, "add_bos_token": true}"#)
        #expect(asking.beginningOfSequence == 256)
        #expect(try asking.encode("a") == [97])
    }

    @Test func theEndOfASequenceIsThatOfTheConfiguration() throws {
        let file = TokenizerFile(addedTokens: special)
        #expect(try file.tokenizer().endOfSequence == nil)
        #expect(try file.tokenizer(configuration: #"{"eos_token": null}"#).endOfSequence == nil)
        #expect(try file.tokenizer(configuration: #"{"eos_token": "</s>"}"#).endOfSequence == 257)
        #expect(
            throws: TokenizerError.malformed(
                location: "tokenizer_config.json $.eos_token", found: "\"<end>\"", expected: "a token of tokenizer.json"
            )
        ) { _ = try file.tokenizer(configuration: #"{"eos_token": "<end>"}"#) }
        #expect(
            throws: TokenizerError.malformed(
                location: "tokenizer_config.json $.bos_token", found: "nothing", expected: "a value")
        ) { _ = try file.tokenizer(configuration: #"{"add_bos_token": true}"#) }
    }

    @Test func decodingUndoesEncoding() throws {
        let tokenizer = try TokenizerFile(tokens: ["ab", "Ġab"], merges: [#"["a", "b"]"#, #"["Ġ", "ab"]"#]).tokenizer()
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<500 {
            let scalars = (0..<20).compactMap { _ in
                Unicode.Scalar(
                    UInt32.random(in: 0..<(Bool.random(using: &generator) ? 0x80 : 0x11_0000), using: &generator))
            }
            let text = String(String.UnicodeScalarView(scalars)) + " ab ab"
            let decoded = try tokenizer.decode(tokenizer.encode(text))
            #expect(decoded.unicodeScalars.elementsEqual(text.unicodeScalars))
        }
    }

    @Test func specialTokensCanBeLeftOutOfTheText() throws {
        let tokenizer = try TokenizerFile(addedTokens: special).tokenizer()
        let ids = try tokenizer.encode("<s>a<x></s>")
        #expect(try tokenizer.decode(ids) == "<s>a<x></s>")
        #expect(try tokenizer.decode(ids, skipSpecialTokens: true) == "a<x>")
        #expect(tokenizer.specialTokens.map(\.content) == ["<s>", "</s>"])
        #expect(tokenizer.vocabularySize == 259)
    }

    @Test func tokensWithOtherCharactersStandForThemselves() throws {
        let tokenizer = try TokenizerFile(addedTokens: [File.addedToken("<a b>")]).tokenizer()
        #expect(try tokenizer.decode([0x20, 256, 0xC3, 0xA9]) == " <a b>é")
    }

    @Test(arguments: [
        ("null", "a b"), (#"{"type": "Fuse"}"#, "ab"),
        (#"{"type": "Sequence", "decoders": [\#(TokenizerFile.byteLevel), {"type": "Fuse"}]}"#, "ab"),
    ])
    func decodersJoinTokensTheirWay(decoder: String, expected: String) throws {
        let tokenizer = try TokenizerFile(preTokenizer: "null", decoder: decoder).tokenizer()
        #expect(try tokenizer.decode([97, 98]) == expected)
        var streaming = StreamingDecoder(tokenizer)
        #expect(try streaming.append(97) + streaming.append(98) + streaming.flush() == expected)
    }

    @Test(arguments: [-1, 256, 1_000_000])
    func anIDThatNamesNoTokenIsRefused(id: Int) throws {
        let tokenizer = try TokenizerFile().tokenizer()
        #expect(throws: TokenizerError.unknownID(id, vocabularySize: 256)) { _ = try tokenizer.decode([97, id]) }
    }

    @Test(arguments: [
        (TokenizerFile(normalizer: #"{"type": "Lowercase"}"#), "$.normalizer.type", "Lowercase"),
        (
            TokenizerFile(normalizer: #"{"type": "Sequence", "normalizers": [{"type": "NFKC"}]}"#),
            "$.normalizer.normalizers[0].type", "NFKC"
        ),
        (TokenizerFile(postProcessor: #"{"type": "BertProcessing"}"#), "$.post_processor.type", "BertProcessing"),
        (TokenizerFile(decoder: #"{"type": "WordPiece"}"#), "$.decoder.type", "WordPiece"),
        (
            TokenizerFile(
                decoder: #"{"type": "Sequence", "decoders": [{"type": "Fuse"}, \#(TokenizerFile.byteLevel)]}"#),
            "$.decoder.decoders[1].type", "ByteLevel"
        ),
    ])
    func otherComponentsAreRefusedByName(file: TokenizerFile, path: String, name: String) {
        #expect {
            _ = try file.tokenizer()
        } throws: { error in
            guard case TokenizerError.unsupported("tokenizer.json \(path)", let found, _) = error else { return false }
            return found.contains(name)
        }
    }

    @Test func templatesThatDoNotHoldTheTextOnceAreRefused() {
        let first = template(sequence)
        for postProcessor in [
            template(beginning), template("\(sequence), \(sequence)"),
            template(#"{"Sequence": {"id": "B", "type_id": 0}}"#),
            template(sequence, tokens: "").replacingOccurrences(of: sequence, with: "\(beginning), \(sequence)"),
            template("{}"),
            #"{"type": "Sequence", "processors": [\#(first), \#(first)]}"#,
        ] {
            #expect(throws: TokenizerError.self, "\(postProcessor)") {
                _ = try TokenizerFile(postProcessor: postProcessor).tokenizer()
            }
        }
    }

    @Test(arguments: [
        ("{}", "$.model"), (#"{"model": {"vocab": {}}}"#, "$.model.merges"),
        (#"{"model": {"merges": []}}"#, "$.model.vocab"),
        (#"{"model": {"vocab": {}, "merges": {}}}"#, "$.model.merges"), (#"{"model": 3}"#, "$.model"), ("[]", "$"),
    ])
    func incompleteFilesAreRefusedWithThePath(json: String, path: String) {
        #expect {
            _ = try Tokenizer(json: Data(json.utf8))
        } throws: { error in
            if case TokenizerError.malformed("tokenizer.json \(path)", _, _) = error { true } else { false }
        }
    }

    @Test func anotherVersionIsRefused() {
        #expect(
            throws: TokenizerError.unsupported(
                location: "tokenizer.json $.version", found: "\"2.0\"", supported: "\"1.0\"")
        ) { _ = try Tokenizer(json: Data(#"{"version": "2.0"}"#.utf8)) }
    }

    @Test func aFolderIsReadWithItsConfiguration() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tokenizer-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect {
            _ = try Tokenizer(directory: folder)
        } throws: { error in
            guard case TokenizerError.unreadable(let file, _) = error else { return false }
            return file.hasSuffix("tokenizer.json")
        }
        try TokenizerFile(addedTokens: special).json.write(to: folder.appendingPathComponent("tokenizer.json"))
        #expect(try Tokenizer(directory: folder).encode("a<x>") == [97, 258])
        try Data(#"{"eos_token": "</s>"}"#.utf8).write(to: folder.appendingPathComponent("tokenizer_config.json"))
        #expect(try Tokenizer(directory: folder).endOfSequence == 257)
        try Data("{".utf8).write(to: folder.appendingPathComponent("tokenizer_config.json"))
        #expect(throws: JSONSyntaxError.self) { _ = try Tokenizer(directory: folder) }
    }

    @Test func errorsAreOneSentence() {
        let error = TokenizerError.unsupported(
            location: "tokenizer.json $.model.type", found: "\"WordPiece\"", supported: "\"BPE\"")
        #expect(
            "\(error)" == "tokenizer.json $.model.type: found \"WordPiece\", which is not supported; supported: \"BPE\""
        )
        #expect("\(TokenizerError.unknownID(300, vocabularySize: 256))".contains("300"))
        #expect("\(TokenizerError.unknownID(300, vocabularySize: 256))".contains("256"))
    }
}
