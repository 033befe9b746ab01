import Foundation
import Testing

/// What `autodeco-inspect judge` says about completions of one's own.
@Suite struct JudgeTests {
    private struct Judgement: Decodable { let verdict, reason: String }

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ lines: [String]) throws -> String {
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: folder.path("c.jsonl")))
        return folder.path("c.jsonl")
    }

    private func judge(_ arguments: [String], _ lines: [String]) throws -> [Judgement] {
        let output = try Program.run(["judge"] + arguments + ["--input", write(lines), "--json"])
        return try output.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(Judgement.self, from: Data($0))
        }
    }

    @Test(arguments: [
        (
            ["boxed"], #"{"completion": "\\boxed{\\frac12}", "answer": 0.5}"#,
            #"{"completion": "5", "gt": "5", "problem": "q"}"#
        ),
        (
            ["choice"], #"{"completion": "Option C is correct", "answer": "C"}"#,
            #"{"completion": "C, D", "answer": "C"}"#
        ),
        (
            ["choice"], #"{"completion": "B", "question": "q", "options": ["3", "4"], "answer": 1}"#,
            #"{"completion": "A", "problem": "q", "gt": "B"}"#
        ),
        (["exact"], #"{"completion": " 4", "answer": "4"}"#, #"{"completion": "44", "answer": "4"}"#),
        (
            ["countdown"], #"{"completion": "1+2=4?\n1+2=3!", "numbers": [1, 2], "target": 3}"#,
            #"{"completion": "1+2=4!", "numbers": [1, 2], "target": 4}"#
        ),
        (
            ["countdown", "--judge", "everyLine"], #"{"completion": "2-1=1?\n1+2=3!", "numbers": [1, 2], "target": 3}"#,
            #"{"completion": "1+2=4?\n1+2=3!", "numbers": [1, 2], "target": 3}"#
        ),
        (
            ["command", "--command", "grep -q '\"rule\":7'"], #"{"completion": "x", "rule": 7}"#,
            #"{"completion": "x", "rule": 8}"#
        ),
    ])
    func everyVerifierSaysWhatIsRightAndWhatIsWrong(arguments: [String], right: String, wrong: String) throws {
        let found = try judge(["--verifier"] + arguments, [right, "", wrong])
        #expect(found.map(\.verdict) == ["correct", "wrong"])
        #expect(found.allSatisfy { !$0.reason.isEmpty })
    }

    @Test func gradersThatFailAreFaults() throws {
        let found = try judge(["--verifier", "command", "--command", "echo False"], [#"{"completion": "x"}"#])
        #expect(found.map(\.verdict) == ["fault"] && found[0].reason.contains("no verdict"))
    }

    @Test func linesMayNameTheirVerifier() throws {
        let lines = [
            #"{"completion": "The answer is B", "answer": "B", "verifier": "choice"}"#,
            #"{"completion": "B", "answer": "B"}"#,
        ]
        #expect(try judge(["--verifier", "boxed"], lines).map(\.verdict) == ["correct", "wrong"])
    }

    @Test func peopleReadALineForEach() throws {
        let output = try Program.run([
            "judge", "--verifier", "exact", "--input", write([#"{"completion": "4", "answer": "5"}"#]),
        ])
        #expect(String(decoding: output, as: UTF8.self).hasPrefix("line 1: wrong, an answer is declared"))
    }

    @Test(arguments: [
        (
            ["--verifier", "instructions"], #"{"completion": "x", "answer": "x"}"#,
            "countdown, exact, boxed, choice or command"
        ),
        (
            ["--verifier", "command"], #"{"completion": "x"}"#,
            "--command is missing, expected the grader's command line"
        ),
        (
            ["--verifier", "exact", "--judge", "everyLine"], #"{"completion": "x", "answer": "x"}"#,
            "only the verifier countdown"
        ),
        (["--verifier", "exact"], #"{"answer": "x"}"#, "line 1: has no completion, expected such as"),
        (["--verifier", "exact"], #"{"completion": "x"}"#, "line 1: has no gt, expected such as {\"completion\""),
        (["--verifier", "exact"], "", "holds no completions"),
        (
            ["--verifier", "exact"], #"{"completion": "x", "answer": "x", "verifier": "command"}"#,
            "line 1: asks for the verifier command"
        ),
    ])
    func mistakesAreOneSentence(arguments: [String], line: String, sentence: String) throws {
        let error = try Program.refusal(["judge"] + arguments + ["--input", write([line])])
        #expect(error.contains(sentence) && error.split(separator: "\n").count == 1, "\(error)")
    }
}
