import Files
import Foundation
import Testing
@testable import Tasks

/// A completion's pick among lettered options.
@Suite struct ChoiceVerifierTests {
    private func verdict(_ completion: String, _ answer: String = "C") -> Verdict {
        ChoiceVerifier().verdict(on: completion, of: Problem(id: "p", text: "", answer: .text(answer)))
    }

    @Test(arguments: [
        #"\boxed{C}"#, #"\boxed{(C)}"#, #"\boxed{\text{C}}"#, #"\boxed{\textbf{(C)}}"#, #"\boxed{C. Paris}"#,
        #"\boxed{c}, no, \boxed{C}"#, "The answer is (C).",
        "the answer is C", "The answer is **C**.", "**Answer:** C", "Answer: (c)", "ANSWER: C\nbecause",
        "answer is: $C$", "So the answer is (B)… no, the answer is (C)!",
        "Answer: \\boxed{C}", "It must be\nC", "It must be (C).", "C", "**C**", #"\boxed{42} so the answer is C"#,
    ]) func theRightPickIsSeen(completion: String) { #expect(verdict(completion) == .correct) }

    @Test(arguments: [
        "The answer is (D).", #"\boxed{C} or rather \boxed{D}"#, #"The answer is (C). \boxed{D}"#,
        "The answer is (D), not C",
    ])
    func otherPicksAreWrong(completion: String) { #expect(verdict(completion) == .wrong(.wrongValue)) }

    @Test(arguments: [
        "", "The answer is Canada", "The answer is unclear", "vitamin-C", "(K)", "answer", "I cannot say",
        #"\boxed{42}"#,
    ])
    func completionsWithoutAPickDeclareNone(completion: String) { #expect(verdict(completion) == .wrong(.noAnswer)) }

    @Test func answersMustBeLetters() {
        #expect(verdict("C", "K") == .wrong(.malformed) && verdict("C", "") == .wrong(.malformed))
    }

    // MARK: Files

    private func read(_ text: String, limit: Int? = nil) throws -> [Problem] {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("choices-\(UUID().uuidString).json")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        do { return try ProblemFile.read(file.path, for: .choice, limit: limit) } catch let error as JSONLinesError {
            throw JSONLinesError(error.description.replacingOccurrences(of: file.path, with: "p.json"))
        }
    }

    private func message(_ text: String, limit: Int? = nil) -> String {
        (#expect(throws: JSONLinesError.self) { try read(text, limit: limit) })?.description ?? ""
    }

    @Test func arraysAndLinesAreRead() throws {
        let letter =
            #"{"question_id": 7, "question": "2+2?", "options": ["3", "4"], "answer": "B", "answer_index": 1, "src": "x"}"#
        let index = #"{"question": "1+1?", "options": ["2", "3"], "answer": 0}"#
        let expected = [
            Problem(id: "7", text: "2+2?\nA. 3\nB. 4", answer: .text("B")),
            Problem(id: "2", text: "1+1?\nA. 2\nB. 3", answer: .text("A")),
        ]
        #expect(try read(" [\(letter),\n\(index)]") == expected)
        #expect(try read("\(letter)\n\(index)\n") == expected)
        #expect(try read("[\(letter),\n\(index)]", limit: 1) == [expected[0]])
        #expect(
            try read(#"{"problem": "Which? (A) x (B) y", "gt": "B"}"#) == [
                Problem(id: "1", text: "Which? (A) x (B) y", answer: .text("B"))
            ])
    }

    @Test func badElementsAreNamed() {
        let good = #"{"question": "q", "options": ["3", "4"], "answer": "B"}"#
        #expect(
            message("[\(good), {\"question\": \"q\", \"answer\": 1}]")
                == "p.json, problem 2: has no options, expected \(ChoiceElement.form)")
        #expect(
            message(#"[{"question": "q", "options": ["3", 4], "answer": "B"}]"#).hasPrefix(
                "p.json, problem 1: options has another type, expected"))
        #expect(
            message(#"[{"question": "q", "options": ["3", "4"], "answer": "C"}]"#)
                == #"p.json, problem 1: the answer is "C", expected a letter from A to B"#)
        #expect(
            message(#"{"question": "q", "options": ["3", "4"], "answer": 2}"#)
                == "p.json, line 1: the answer is 2, expected an index from 0 to 1")
        #expect(
            message(#"[{"question": "q", "options": ["3"], "answer": "A"}]"#)
                == "p.json, problem 1: has 1 option, expected 2 to 10")
        #expect(message("[\(good)").hasPrefix("p.json: is not JSON, expected such as"))
        #expect(message("[]") == "p.json: holds no problems, expected an array of them")
        #expect(message("[\(good)]", limit: 2) == "p.json: holds 1 problem, expected at least 2")
        #expect(
            message(#"[{"id": 1, "problem": "q", "gt": "B"}, {"id": 1, "problem": "q", "gt": "B"}]"#)
                == #"p.json, problem 2: the id "1" belongs to problem 1, too"#)
    }
}
