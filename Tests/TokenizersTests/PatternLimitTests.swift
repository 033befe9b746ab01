import Foundation
import TestSupport
import Testing
@testable import Tokenizers

/// A pattern is bounded in depth, in size and in the steps that it takes on a text.
@Suite struct PatternLimitTests {
    @Test(arguments: [
        ("many quantifiers in a row", "a" + String(repeating: "{1}", count: 50_000)),
        ("a few hundred quantifiers in a row", "a" + String(repeating: "{1}", count: 300)),
        ("nested classes", String(repeating: "[", count: 200_000)),
        (
            "nested classes that are short",
            String(repeating: "[", count: 500) + "a" + String(repeating: "]", count: 500)
        ),
        ("nested groups", String(repeating: "(?:", count: 500) + "a" + String(repeating: ")", count: 500)),
        ("an interval of nothing, of nothing", "((){50000}){50000}x"),
        ("an interval of optional things", "((a?){50000}){50000}x"),
        ("a long pattern", String(repeating: "a", count: 1_000_000)),
        ("an interval that no Int holds", "a{99999999999999999999}"),
    ])
    func patternsBeyondTheLimitsAreRefusedAtOnce(name: String, pattern: String) {
        #expect(throws: TokenizerError.self, "\(name)") { try PatternProgram(pattern: pattern, location: "here") }
    }

    @Test(arguments: [
        "a" + String(repeating: "{1}", count: 8),
        String(repeating: "[", count: 100) + "a" + String(repeating: "]", count: 100),
        String(repeating: "(?:", count: 100) + "a" + String(repeating: ")", count: 100), "(?:(?:){100}){100}x",
    ])
    func patternsAtTheLimitsAreTaken(pattern: String) throws {
        _ = try PatternProgram(pattern: pattern, location: "here")
    }

    private func tokenizer(splittingBy pattern: String) throws -> Tokenizer {
        var file = TokenizerFile()
        file.preTokenizer = TokenizerFile.sequence(TokenizerFile.split(regex: pattern), TokenizerFile.byteLevel)
        return try file.tokenizer()
    }

    @Test(arguments: ["(a|a)*b", "(?:a|aa)+$b"])
    func aPatternWithTooManyWaysIsNamedAndEnds(pattern: String) throws {
        let tokenizer = try tokenizer(splittingBy: pattern)
        #expect {
            try tokenizer.encode(String(repeating: "a", count: 30))
        } throws: {
            "\($0)".contains(pattern) && "\($0)".contains("30 bytes") && "\($0)".contains("pre_tokenizer")
        }
    }

    /// Each character can be matched in one way: the ways back are few.
    @Test func aPatternWithOneWayAPlaceIsTaken() throws {
        #expect(try tokenizer(splittingBy: "(a|b|ab)*c").encode(String(repeating: "a", count: 30)).count == 30)
    }

    /// Without a limit each of the places costs a step for each character behind it.
    @Test func aPatternWhoseTimeGrowsWithTheSquareOfTheTextEnds() throws {
        let text = Array(String(repeating: "a", count: 100_000).utf8)
        for pattern in [#"\p{L}+\d"#, #"\p{L}++\d"#] {
            let program = try PatternProgram(pattern: pattern, location: "here")
            var matcher = PatternMatcher(freeSteps: 100_000)
            #expect(throws: TokenizerError.tooManySteps(location: "here", pattern: pattern, bytes: text.count)) {
                try matcher.forEachMatch(of: program, in: text, range: text.indices) { _ in }
            }
        }
    }

    /// 1 MB each; twenty steps a byte, one in twenty-five of those that are allowed.
    @Test(arguments: [PublishedPattern.llama3, PublishedPattern.gptOSS, PublishedPattern.deepSeek])
    func publishedPatternsStayFarBelowTheLimit(pattern: String) throws {
        let program = try PatternProgram(pattern: pattern, location: "here")
        let units = [
            " ", "    \n", "\n", "a", "aB", "Hello world, it's 12345 o'clock!  ", "日本語", "e\u{0301}", "!?", "7", "\0",
            "\r\n\t",
        ]
        for unit in units {
            let text = Array(String(repeating: unit, count: 1_000_000 / unit.utf8.count).utf8)
            var matcher = PatternMatcher(freeSteps: (20 - PatternMatcher.stepsPerByte) * text.count)
            try matcher.forEachMatch(of: program, in: text, range: text.indices) { _ in }
        }
    }

    @Test func aPreTokenizerOfManyStepsIsRefused() throws {
        var file = TokenizerFile()
        file.preTokenizer = TokenizerFile.sequence(
            (0..<70).map { TokenizerFile.split(regex: "a{\($0)}b") }.joined(separator: ", "), TokenizerFile.byteLevel)
        #expect(throws: TokenizerError.self) { try file.tokenizer() }
    }
}
