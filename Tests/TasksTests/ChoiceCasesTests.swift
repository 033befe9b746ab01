import Testing

@testable import Tasks

/// The table of completions, case by case.
@Suite struct ChoiceCasesTests {
    private func verdict(_ row: ChoiceCase) -> Verdict {
        ChoiceVerifier().verdict(on: row.completion, of: Problem(id: "p", text: "", answer: .text(row.answer)))
    }

    @Test(arguments: choiceCases) func completionsPickWhatTheySay(row: ChoiceCase) {
        switch row.expected {
        case .correct: #expect(verdict(row) == .correct)
        case .wrong: #expect(verdict(row) == .wrong(.wrongValue))
        case .none: #expect(verdict(row) == .wrong(.noAnswer))
        }
    }

    /// More of what a completion must not be taken for, and long ones.
    @Test func longCompletionsAreJudgedInTime() {
        let start = ContinuousClock.now
        for part in ["answer is ", "(", "A or ", "A. x\n", "\\boxed{", "<answer>", "# ", "选"] {
            _ = ChoiceVerifier.pick(in: String(repeating: part, count: 5_000))
        }
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test func theTableIsLongAndHalfOfItIsNew() {
        let new = choiceCases.count(where: \.isNew)
        #expect(choiceCases.count >= 120 && 2 * new >= choiceCases.count, "\(new) of \(choiceCases.count)")
    }
}
