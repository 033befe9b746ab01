import Files
import Foundation
import Testing
@testable import Tasks

/// Problems are read as they are written, or refused by line.
@Suite struct ProblemFileTests {
    private func read(_ text: String, _ verifier: VerifierName = .countdown, limit: Int? = nil) throws -> [Problem] {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("problems-\(UUID().uuidString).jsonl")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        do { return try ProblemFile.read(file.path, for: verifier, limit: limit) } catch let error as JSONLinesError {
            throw JSONLinesError(error.description.replacingOccurrences(of: file.path, with: "p.jsonl"))
        }
    }

    private func message(_ text: String, _ verifier: VerifierName = .countdown, limit: Int? = nil) -> String {
        (#expect(throws: JSONLinesError.self) { try read(text, verifier, limit: limit) })?.description ?? ""
    }

    private let sound = #"{"id": "a", "numbers": [3, 12, 11], "target": 99}"#

    @Test func countdownProblemsAreRead() throws {
        let problems = try read("\(sound)\n\n{\"numbers\": [1, 2], \"target\": 3, \"more\": 1}\r\n")
        #expect(problems.map(\.id) == ["a", "3"])
        #expect(problems[0].answer == .countdown(Countdown(numbers: [3, 12, 11], target: 99)))
        #expect(problems[0].text == "3 12 11>99:\n")
        #expect(try read("\(sound)\nrubbish", limit: 1).count == 1)
    }

    @Test func answersMayBeTextsOrNumbers() throws {
        let problems = try read(
            #"{"problem": "2+2=", "gt": 4}"# + "\n" + #"{"problem": "1/2=", "gt": 0.5}"# + "\n"
                + #"{"id": "x", "problem": "é", "gt": "e"}"#, .exact)
        #expect(problems.map(\.answer) == [.text("4"), .text("0.5"), .text("e")])
        #expect(problems.map(\.id) == ["1", "2", "x"] && problems[2].text == "é")
    }

    @Test func numbersAreTakenAsTheyAreWritten() throws {
        let lines = ["12345678901234567890", "1e-7", "0.10", "-5"].map {
            "{\"id\": \($0), \"problem\": \"x\", \"gt\" : \($0)}"
        }
        let problems = try read(lines.joined(separator: "\n"), .boxed)
        #expect(problems.map(\.answer) == [.text("12345678901234567890"), .text("1e-7"), .text("0.10"), .text("-5")])
        #expect(problems.map(\.id) == ["12345678901234567890", "1e-7", "0.10", "-5"])
    }

    @Test func promptsAndAnswersAreReadWhereProblemsAndGtsAreMissing() throws {
        for name in [VerifierName.exact, .boxed, .command] {
            let problem = try read(#"{"prompt": "2+2=", "answer": 4}"#, name)[0]
            #expect(problem.text == "2+2=" && problem.answer == .text("4"))
        }
        let both = try read(#"{"prompt": "p", "problem": "q", "gt": "1", "answer": "2"}"#, .command)[0]
        #expect(both.text == "q" && both.answer == .text("1"))
        #expect(both.members == [.init(name: "prompt", json: #""p""#), .init(name: "answer", json: #""2""#)])
        #expect(
            try read(#"{"prompt": "Which?", "answer": "B"}"#, .choice)[0]
                == Problem(id: "1", text: "Which?", answer: .text("B")))
    }

    @Test func gradersNeedNoAnswerAndGetWhatTheReaderDoesNotKnow() throws {
        let line =
            #"{"key": 1000, "prompt": "Write.", "instruction_id_list": ["a:b"], "kwargs": [{}, {"n" : NaN}], "#
            + #""id": "x"}"#
        let problem = try read(line, .command)[0]
        #expect(problem.answer == .absent && problem.text == "Write." && problem.id == "x")
        #expect(problem.members.map(\.name) == ["key", "instruction_id_list", "kwargs"])
        #expect(problem.members.map(\.json) == ["1000", #"["a:b"]"#, #"[{}, {"n" : NaN}]"#])
        let list = try read(#"{"problem": "p", "answer": ["1", "2"]}"#, .command)[0]
        #expect(list.answer == .absent && list.members == [.init(name: "answer", json: #"["1", "2"]"#)])
        #expect(message(#"{"problem": "p"}"#, .boxed).hasPrefix("p.jsonl, line 1: has no gt, expected"))
        #expect(message(#"{"gt": "p"}"#, .command).hasPrefix("p.jsonl, line 1: has no problem, expected"))
    }

    @Test func linesThatNameTheirVerifierAreReadAndJudgedByIt() throws {
        let problems = try read(
            """
            {"problem": "2+2=", "gt": "4"}
            {"problem": "Which?", "gt": "B", "verifier": "choice"}
            {"question": "Which?", "options": ["3", "4"], "answer": 1, "verifier": "choice"}
            {"numbers": [1, 2], "target": 3, "verifier": "countdown"}
            """, .boxed)
        #expect(problems.map(\.verifier) == [nil, .choice, .choice, .countdown])
        let verifier = try ProblemsVerifier(.boxed)
        for (problem, right) in zip(problems, [#"\boxed{4}"#, "The answer is (B).", "The answer is (B).", "1+2=3!"]) {
            for completion in [#"\boxed{4}"#, "The answer is (B).", "1+2=3!"] {
                #expect(
                    verifier.verdict(on: completion, of: problem).isCorrect == (completion == right),
                    "\(problem.id) \(completion)")
            }
        }
        #expect(
            message("\n" + #"{"problem": "p", "gt": "1", "verifier": "instructions"}"#, .boxed)
                == #"p.jsonl, line 2: the verifier is "instructions", expected one of \#(VerifierName.list)"#
        )
        #expect(
            message(#"{"problem": "p", "gt": "K", "verifier": "choice"}"#, .boxed).contains(
                #"line 1: the answer is "K", expected a letter"#))
        #expect(
            message(#"{"problem": "p", "gt": "1", "verifier": 5}"#, .boxed).contains(
                "line 1: verifier has another type"))
    }

    // MARK: JSON as it is found

    @Test func byteOrderMarksAreSkipped() throws {
        #expect(try read("\u{feff}\(sound)").map(\.id) == ["a"])
        let array = "\u{feff}[" + #"{"question": "q", "options": ["3", "4"], "answer": "B"}"# + "]"
        #expect(try read(array, .choice).count == 1)
        // Files that were joined have them between lines, too.
        #expect(
            try read("\(sound)\n\u{feff}{\"problem\": \"x\", \"gt\": 1e-7, \"verifier\": \"boxed\"}")[1].answer
                == .text("1e-7"))
    }

    @Test func notANumberIsNoErrorWhereNobodyReadsIt() throws {
        let line =
            #"{"id": "NaN", "problem": "-Infinity", "gt": "Infinity", "score": NaN, "#
            + #""range": [-Infinity, {"a": Infinity}]}"#
        #expect(try read(line, .exact)[0].answer == .text("Infinity"))
        #expect(message(#"{"problem": "p", "gt": NaN}"#, .exact).hasPrefix("p.jsonl, line 1: gt has another type"))
        #expect(
            message(#"{"problem": "p", "gt": "1", "id": NaN}"#, .exact).hasPrefix(
                "p.jsonl, line 1: id has another type"))
        #expect(message(#"{"problem": "p", "gt": "1", "x": nan}"#, .exact).hasPrefix("p.jsonl, line 1: is not JSON"))
    }

    @Test func halfASurrogatePairNamesItsLine() throws {
        let whole = #"{"problem": "\ud83d\ude00 \\ud83d", "gt": "x"}"#
        #expect(try read(whole, .exact)[0].text == "😀 \\ud83d")
        for (text, found) in [
            (#"\ud83d"#, #"\ud83d"#), (#"\uDE00"#, #"\uDE00"#), (#"\ud83d\ud83d\ude00"#, #"\ud83d"#),
            (#"\\\ud83dx"#, #"\ud83d"#),
        ] {
            for line in [
                "{\"problem\": \"\(text)\", \"gt\": \"x\"}",
                "{\"problem\": \"p\", \"gt\": \"x\", \"more\": [\"\(text)\"]}",
            ] {
                #expect(
                    message("\(whole)\n\(line)", .exact).hasPrefix(
                        "p.jsonl, line 2: holds \(found), half of a surrogate pair and no text, expected"))
            }
        }
        let array =
            #"[{"question": "q", "options": ["3", "4"], "answer": "B"}, "#
            + #"{"question": "\ud83d", "options": ["3", "4"], "answer": "B"}]"#
        #expect(message(array, .choice).hasPrefix(#"p.jsonl, problem 2: holds \ud83d, half"#))
    }

    @Test func bytesThatAreNoTextNameTheirLine() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("bytes-\(UUID().uuidString).jsonl")
        try (Data("\(sound)\n{\"id\": \"".utf8) + [0xff] + Data("\"}\n".utf8)).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let error = #expect(throws: JSONLinesError.self) { try ProblemFile.read(file.path, for: .countdown) }
        #expect(error?.description.hasPrefix("\(file.path), line 2: byte 8 is not UTF-8, expected such as") == true)
    }

    @Test func promptsAreTemplateCommandAndProblem() {
        let problem = Problem(id: "p", text: "", answer: .countdown(Countdown(numbers: [3, 12, 11], target: 99)))
        #expect(PromptRendering().prompt(for: problem) == "3 12 11>99:\n")
        #expect(PromptRendering(command: .certain).prompt(for: problem) == "certain 3 12 11>99:\n")
        #expect(
            PromptRendering(template: "<{problem}>", command: .diverse).prompt(for: problem)
                == "<diverse 3 12 11>99:\n>")
        #expect(
            PromptRendering(template: "Q: {problem}").prompt(for: Problem(id: "p", text: "x", answer: .text("y")))
                == "Q: x")
    }

    @Test func badLinesAreNamed() {
        let form = #"expected such as {"id": "train-00001", "numbers": [3, 12, 11], "target": 99}"#
        #expect(message("\(sound)\nrubbish") == "p.jsonl, line 2: is not JSON, \(form)")
        #expect(message("\(sound)\n\n{\"target\": 3}") == "p.jsonl, line 3: has no numbers, \(form)")
        #expect(message(#"{"numbers": ["1", 2], "target": 3}"#) == "p.jsonl, line 1: numbers has another type, \(form)")
        #expect(message(#"{"numbers": [1, 2], "target": 3.5}"#).hasSuffix(" has another type, \(form)"))
        #expect(
            message(#"{"numbers": [1], "target": 3}"#)
                == "p.jsonl, line 1: numbers is [1], expected at least two whole numbers from 0 to 1000000000")
        #expect(message(#"{"numbers": [1, -2], "target": 3}"#).contains("numbers is [1, -2]"))
        #expect(message(#"{"numbers": [1, 2], "target": -3}"#).contains("target is -3"))
        #expect(message("\(sound)\n\(sound)") == "p.jsonl, line 2: the id \"a\" stands in line 1, too")
        #expect(
            message(#"{"problem": "x", "gt": true}"#, .exact)
                == #"p.jsonl, line 1: gt has another type, expected such as {"problem": "2+2=", "gt": "4"}"#)
        #expect(message("[1, 2]").hasPrefix("p.jsonl, line 1: is no JSON object, expected such as"))
        #expect(message("\n\n") == "p.jsonl: holds no problems, expected one JSON object a line")
        #expect(message(sound, limit: 2) == "p.jsonl: holds 1 problem, expected at least 2")
    }

    @Test func filesThatAreNotThereAreErrors() {
        let error = #expect(throws: JSONLinesError.self) { try ProblemFile.read("/nowhere/p.jsonl", for: .countdown) }
        #expect(
            error?.description
                == "/nowhere/p.jsonl: cannot be read (No such file or directory), expected JSON objects, one a line")
    }
}
