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
