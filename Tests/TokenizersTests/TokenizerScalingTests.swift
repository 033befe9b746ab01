import Foundation
import TestSupport
import Testing
@testable import Tokenizers

/// Encoding takes linear time, give or take a logarithm, also where a text is one endless piece.
@Suite(.serialized) struct TokenizerScalingTests {
    private static let merges = ["a a", "aa aa", "Ġ Ġ", "ĠĠ ĠĠ", "b c", "a bc", "d e", "! ?", "Ċ Ċ"]

    private static func tokenizer(pattern: String) throws -> Tokenizer {
        var file = TokenizerFile(
            tokens: merges.map { $0.replacingOccurrences(of: " ", with: "") }, merges: merges.map(jsonText),
            normalizer: #"{"type": "NFC"}"#)
        file.preTokenizer = TokenizerFile.sequence(TokenizerFile.split(regex: pattern), TokenizerFile.byteLevel)
        file.addedTokens = [
            TokenizerFile.addedToken("<|<|<|<|!"), TokenizerFile.addedToken("<l>", lstrip: true),
            TokenizerFile.addedToken("\t\t", lstrip: true, rstrip: true),
        ]
        return try file.tokenizer()
    }

    private static let units: [(name: String, unit: String)] = [
        ("spaces", " "), ("spaces and line feeds", "    \n"), ("one letter", "a"), ("capitals", "A"),
        ("letters", "abcdeaabcbd"),
        ("ideographs", "日本語"), ("marks", "e\u{0301}\u{0323}\u{0308}"), ("punctuation", "!?!!.?"), ("digits", "7"),
        ("controls", "\0"), ("beginnings of an added token", "<|"), ("stripping tokens", "  <l>"),
        ("tokens in what another strips", "\t"),
    ]

    @Test(arguments: [PublishedPattern.llama3, PublishedPattern.gptOSS, PublishedPattern.deepSeek], units)
    func twiceTheTextTakesAtMostThriceTheTime(pattern: String, text: (name: String, unit: String)) throws {
        let tokenizer = try Self.tokenizer(pattern: pattern)
        func seconds(_ bytes: Int) throws -> Double {
            let text = String(repeating: text.unit, count: bytes / text.unit.utf8.count)
            return try (0..<3).map { _ in try threadSeconds { _ = try tokenizer.encode(text) } }.min() ?? 0
        }
        // Of several attempts the best, because others use the machine too.
        var ratio = Double.infinity
        for _ in 0..<4 where ratio > 3 { ratio = try min(ratio, seconds(120_000) / seconds(60_000)) }
        #expect(ratio <= 3, "\(text.name): \(ratio) times")
    }

    /// A text that nothing cuts is one piece: whole lines of SentencePiece's kinds are.
    @Test(arguments: [
        #""type": "BPE", "byte_fallback": true, "vocab": {\#(entries)}, "merges": ["a a", "▁ ▁"]"#,
        #""type": "Unigram", "unk_id": 0, "vocab": [["?", 0], ["a", -1], ["aa", -1.5], ["▁", -1], ["▁▁▁▁", -2]]"#,
    ])
    func uncutTextsTakeLinearTime(model: String) throws {
        let json = """
            {"normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}, "model": {\(model)}}
            """
        let tokenizer = try Tokenizer(json: Data(json.utf8))
        func seconds(_ count: Int) throws -> Double {
            let text = String(repeating: "aaa é  ", count: count)
            return try (0..<3).map { _ in try threadSeconds { _ = try tokenizer.encode(text) } }.min() ?? 0
        }
        var ratio = Double.infinity
        for _ in 0..<4 where ratio > 3 { ratio = try min(ratio, seconds(16_000) / seconds(8_000)) }
        #expect(ratio <= 3, "\(ratio) times")
    }

    private static let entries =
        (["a", "▁", "aa", "▁▁"]
        + (0...255).map { "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16).uppercased() + ">" })
        .enumerated().map { "\(jsonText($1)): \($0)" }.joined(separator: ", ")

    /// The processor time of this thread.
    private func threadSeconds(_ body: () throws -> Void) rethrows -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
        }
        let start = now()
        try body()
        return now() - start
    }
}
