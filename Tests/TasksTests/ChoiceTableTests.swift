import Testing

@testable import Tasks

/// A table of completions with what each picks among A to J: a letter, "-" for none, "?" for more than one.
@Suite struct ChoiceTableTests {
    static let table: [(pick: String, completions: [String])] = [
        // Boxes.
        (
            "C",
            [
                #"\boxed{C}"#, #"\boxed{(C)}"#, #"\boxed{ C }"#, #"\boxed{\text{C}}"#, #"\boxed{\textbf{(C)}}"#,
                #"\boxed{\mathrm{C}}"#, #"\boxed{C. Paris}"#, #"\boxed{C: Paris}"#, #"\boxed{C) Paris}"#, #"\boxed{c}"#,
                #"\boxed{(c)}"#, #"\boxed{Option C}"#, #"\boxed{choice C}"#, #"\boxed{\text{Option C}}"#,
                #"$$\boxed{C}$$"#,
                #"\boxed{D}, no: \boxed{C}"#, #"\boxed{42} so the answer is C"#, #"The answer is (D). \boxed{C}"#,
                #"\boxed{C}."#, #"We get \(\boxed{C}\)"#, #"\boxed{C} \boxed{42}"#,
            ]
        ),
        ("B", [#"\boxed{b}"#, #"\boxed{B. A and C}"#, #"\boxed{\mathbf{B}}"#]),
        (
            "?",
            [
                #"\boxed{C,D}"#, #"\boxed{A or B}"#, #"\boxed{A and B}"#, #"\boxed{A/B}"#, #"\boxed{(A), (B)}"#,
                #"\boxed{A, B, C}"#,
            ]
        ),
        ("-", [#"\boxed{42}"#, #"\boxed{Cat}"#, #"\boxed{}"#, #"\boxed{K}"#, #"\boxed{ABC}"#]),
        // Declarations.
        (
            "C",
            [
                "The answer is (C).", "the answer is C", "The answer is **C**.", "The answer is: C", "**Answer:** C",
                "Answer: (c)", "ANSWER: C\nbecause", "answer is: $C$", "Answer: \\boxed{C}", "Answer：C", "答案 Answer： C",
                "The correct answer is C.", "The correct answer is option C.", "The answer is Option C", "answer = C",
                "The correct option is C", "The best choice is: (C)", "<answer>C</answer>", "<answer> (C) </answer>",
                "<answer>\nC\n</answer>", #"{"answer": "C"}"#, #"{"reason": "so", "answer": "C"}"#,
                #"{"answer":"C","why":"B"}"#,
                "Option C is correct", "Option C is correct.", "Option C is the correct one", "C is the answer",
                "C is the answer.", "C is the correct answer", "(C) is correct", "So choice C is right.",
                "**C** is the answer.",
                "So the answer is (B)… no, the answer is (C)!", "The answer is C, not D",
                "The answer is (C). D is wrong.",
                "Answer: C. Paris", "Final answer: C", "Final Answer: **(C)**", "The answer is \"C\".",
                "The answer is `C`.",
                "B is tempting, but C is the best option", "The answer is C because A and B fail",
            ]
        ),
        (
            "B",
            [
                "Option B is correct", "B is the answer, since A is odd", "answer: B\n\nA is wrong",
                "The answer is B (not A)",
            ]
        ),
        (
            "?",
            [
                "The answer is A or B", "The answer is A and B.", "Answer: (A) or (B)", "Answer: A, B",
                "The answer is B/C", "<answer>A or B</answer>",
            ]
        ),
        (
            "-",
            [
                "The answer is Canada", "The answer is unclear", "answer", "Answer:", "The answer is a number",
                "The answer is 42",
                "The answer is K", "The answer is i", "An answer is expected", "<answer>Paris</answer>",
                #"{"answer": "Paris"}"#,
            ]
        ),
        // A whole completion.
        ("A", ["A. Paris", "A) Paris", "(A) Paris", "(A). Paris", "A: Paris", "**A.** Paris", " A. Paris\n"]),
        ("-", ["A man walks.", "A cat. A dog.", "I cannot say", "As it is.", "A-list. Paris"]),
        // The end.
        (
            "C",
            [
                "C", "**C**", "(C)", "C.", "It must be\nC", "It must be (C).", "It must be C", "So C", "Therefore, (C)",
                "I choose C.", "Thus: C", "Hence option C", "1 + 1 = 2, so (C).", "Let me think.\n\nC",
                "Let me think.\nOption C",
            ]
        ),
        ("?", ["A or B", "So C, or D", "It is A or B.", "I choose A and B"]),
        (
            "-",
            [
                "", "vitamin-C", "vitamin C", "Vitamin C", "He takes vitamin C.", "(K)", "Plan B", "Written in C",
                "Hepatitis B.",
                "Grade A", "x = 3", "the letter", "Team A", "1) one 2) two",
            ]
        ),
    ]

    @Test func everyCompletionOfTheTablePicksWhatItSays() {
        var count = 0
        for (pick, completions) in Self.table {
            for completion in completions {
                count += 1
                let found: String =
                    switch ChoiceVerifier.pick(in: completion) {
                    case nil: "-"
                    case .several: "?"
                    case .one(let letter): String(letter)
                    }
                #expect(found == pick, "\(completion)")
            }
        }
        #expect(count >= 120)
    }

    @Test func aLongCompletionIsJudgedByItsEnd() {
        let text = String(repeating: "Option A is correct. ", count: 50_000) + "The answer is C."
        #expect(ChoiceVerifier.pick(in: text) == .one("C"))
        #expect(ChoiceVerifier.pick(in: String(repeating: "(", count: 100_000)) == nil)
        #expect(ChoiceVerifier.pick(in: String(repeating: "answer is ", count: 20_000)) == nil)
    }
}
