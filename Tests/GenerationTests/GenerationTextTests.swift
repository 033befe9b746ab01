import Backbone
import Decoding
import TestSupport
import Testing
@testable import Generation

/// Stop texts and prompt templates.
@Suite struct GenerationTextTests {
    /// What may be shown after each piece, and at the end.
    private func shown(_ pieces: [String], _ stops: [String]) -> [String] {
        var filter = StopTexts(stops), text: [UInt8] = [], result: [String] = []
        for piece in pieces {
            text += Array(piece.utf8)
            filter.append(piece)
            result.append(String(decoding: text[..<filter.shownCount], as: UTF8.self))
            if filter.isFound { return result }
        }
        filter.finish()
        return result + [String(decoding: text[..<filter.shownCount], as: UTF8.self)]
    }

    @Test func textEndsBeforeAStopTextThatIsSplitAcrossTokens() {
        #expect(shown(["one", "\n", "\nQ", ": two"], ["\n\nQ:"]) == ["one", "one", "one", "one"])
        #expect(shown(["a", "</", "end", ">x"], ["</end>"]) == ["a", "a", "a", "a"])
    }

    @Test func whatOnlyLookedLikeAStopTextIsShown() {
        #expect(shown(["a<", "/e", "x"], ["</end>"]) == ["a", "a", "a</ex", "a</ex"])
        #expect(shown(["a</en"], ["</end>"]) == ["a", "a</en"])
        #expect(shown(["aab", "aac"], ["aabaac!"]) == ["", "", "aabaac"])
        // After a false start the search goes on within what was held.
        #expect(shown(["a", "a", "a", "b", "c"], ["aab"]) == ["", "", "a", "a"])
    }

    @Test func theStopTextThatIsCompleteFirstCounts() {
        #expect(shown(["xabcd"], ["abcd", "bc"]) == ["xa"])
        #expect(shown(["x", "a", "b", "c", "d"], ["abcd", "bc"]) == ["x", "x", "x", "xa"])
        #expect(shown(["xabc"], ["c", "abc"]) == ["x"])
    }

    @Test func withoutStopTextsEverythingIsShownAtOnce() {
        #expect(shown(["a", "b"], []) == ["a", "ab", "ab"])
        #expect(shown(["a", "b"], [""]) == ["a", "ab", "ab"])
    }

    @Test func stopTextsNeverSplitACharacter() {
        // é and è share their first byte.
        #expect(shown(["aè", "é!"], ["éx"]) == ["aè", "aèé!", "aèé!"])
        #expect(shown(["日本", "語"], ["本語"]) == ["日", "日"])
    }

    @Test func whereTextIsCutInPiecesDoesNotMatter() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<2_000 {
            let text = (0..<12).compactMap { _ in ["a", "b", "é"].randomElement(using: &random) }
            let stops = (0..<2).map { _ in
                (0..<Int.random(in: 1...4, using: &random)).compactMap { _ in
                    ["a", "b", "é"].randomElement(using: &random)
                }.joined()
            }
            var pieces = [""]
            for character in text {
                if Bool.random(using: &random) { pieces.append("") }
                pieces[pieces.count - 1] += character
            }
            let whole = shown([text.joined()], stops).last, inPieces = shown(pieces, stops)
            #expect(inPieces.last == whole, "\(pieces) \(stops)")
            #expect(zip(inPieces, inPieces.dropFirst()).allSatisfy { $1.hasPrefix($0) }, "what was shown stays")
        }
    }

    // MARK: Completions

    private func decision(_ id: Int, _ temperature: Double) -> Decision {
        Decision(token: id, temperature: temperature, topP: 1, nucleusSize: 1, entropy: 0, probability: 1)
    }

    /// Ids of bytes are the bytes; 256 is a special token, 257 ends, and 258 names nothing.
    private func completion(stops: [String] = []) throws -> CompletionText {
        let special = ["<s>", "</s>"].map { TokenizerFile.addedToken($0, special: true) }
        return CompletionText(try TokenizerFile(addedTokens: special).tokenizer(), stops: stops, endTokens: [257])
    }

    @Test func spansAreWholeCharactersWithTheTemperatureThatCompletedThem() throws {
        var text = try completion()
        var pieces: [String] = [], spans: [CompletionText.Span] = []
        for (index, id) in [0x61, 0xC3, 0xA9, 256, 0xE6, 258, 0x62, 0xF0, 257].enumerated() {
            pieces.append(try text.append(decision(id, Double(index))))
            spans += text.takeNew()
        }
        text.finish()
        spans += text.takeNew()
        #expect(pieces == ["a", "", "é", "<s>", "", "\u{FFFD}\u{FFFD}", "b", "", "</s>"])
        #expect(spans.map(\.text) == ["a", "é", "\u{FFFD}\u{FFFD}", "b", "\u{FFFD}"])
        #expect(spans.map(\.temperature) == [0, 2, 5, 6, 7])
        #expect(text.shown == "aé\u{FFFD}\u{FFFD}b\u{FFFD}")
    }

    @Test func heldTextKeepsTheTemperaturesOfItsTokens() throws {
        var text = try completion(stops: ["yz!"])
        var spans: [[CompletionText.Span]] = []
        for (index, character) in "xyzyz!z".utf8.enumerated() where !text.isStopped {
            _ = try text.append(decision(Int(character), Double(index)))
            spans.append(text.takeNew())
        }
        text.finish()
        #expect(spans.map { $0.map(\.text) } == [["x"], [], [], ["y", "z"], [], []])
        #expect(spans[3].map(\.temperature) == [1, 2])
        #expect(text.isStopped && text.shown == "xyz" && text.takeNew().isEmpty)
    }

    @Test func streamedTextIsTheDecodedText() throws {
        var random = SeededGenerator(seed: 9)
        let tokenizer = try TokenizerFile().tokenizer()
        for _ in 0..<500 {
            let ids = (0..<20).compactMap { _ in
                [0x61, 0xC3, 0xA9, 0xE6, 0x97, 0xA5, 0xF0, 0x9F].randomElement(using: &random)
            }
            var text = CompletionText(tokenizer, stops: [], endTokens: [])
            var shown = ""
            for id in ids {
                _ = try text.append(decision(id, 1))
                shown += text.takeNew().map(\.text).joined()
            }
            text.finish()
            shown += text.takeNew().map(\.text).joined()
            #expect(try Array(shown.utf8) == Array(tokenizer.decode(ids).utf8))
        }
    }

    // MARK: Templates

    @Test func aTextWithAPlaceholderIsATemplate() throws {
        let template = try PromptTemplate("Q: {prompt}\nA:")
        #expect(template.filled(with: "why {prompt}?") == "Q: why {prompt}?\nA:")
        #expect(throws: PromptError.self) { _ = try PromptTemplate("llama9") }
    }

    @Test(arguments: PromptTemplate.presetNames)
    func presetsHoldThePromptOnceAndControlTokens(_ name: String) throws {
        let template = try PromptTemplate(name)
        #expect(template.text.components(separatedBy: "{prompt}").count == 2)
        #expect(template.preset == name && template.controlTokens.count >= 2)
        #expect(
            template.controlTokens.allSatisfy {
                $0.hasPrefix("<|") && $0.hasSuffix("|>") || $0.hasPrefix("<｜") && $0.hasSuffix("｜>")
            })
    }

    @Test func controlTokensOfATemplateAreEncodedAsSuchAndBOSOnce() throws {
        let special = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
        let file = TokenizerFile(addedTokens: special.map { TokenizerFile.addedToken($0, special: true) })
        let tokenizer = try file.tokenizer(configuration: #"{"add_bos_token": true, "bos_token": "<|begin_of_text|>"}"#)
        let ids = try special.map { try #require(tokenizer.id(for: $0)) }
        let (bos, start, end, turn) = (ids[0], ids[1], ids[2], ids[3])
        func bytes(_ text: String) -> [Int] { text.utf8.map(Int.init) }
        #expect(
            try tokenizer.promptIDs("hi", template: PromptTemplate("llama3"))
                == [bos, start] + bytes("user") + [end] + bytes("\n\nhi") + [turn, start] + bytes("assistant") + [end]
                + bytes("\n\n"))
        #expect(try tokenizer.promptIDs("hi") == [bos] + bytes("hi"))
        #expect(try tokenizer.promptIDs("<|begin_of_text|>hi") == [bos] + bytes("hi"))
        #expect(try tokenizer.promptIDs("hi", template: PromptTemplate("[{prompt}]")) == [bos] + bytes("[hi]"))
    }

    @Test func aPresetOfAnotherFamilyIsAnError() throws {
        let error = #expect(throws: PromptError.self) {
            _ = try TokenizerFile().tokenizer().promptIDs("hi", template: PromptTemplate("qwen3"))
        }
        #expect(
            error?.description
                == "the prompt template qwen3 needs the token <|im_start|>, which the tokenizer does not have")
    }
}
