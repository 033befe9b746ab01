import Testing

@testable import Tasks

/// The table of completions, case by case.
@Suite struct ChoiceTableTests {
    private func verdict(_ row: ChoiceCase) -> Verdict {
        ChoiceVerifier().verdict(on: row.completion, of: Problem(id: "p", text: "", answer: .text(row.answer)))
    }

    @Test(arguments: choiceTable) func completionsPickWhatTheySay(row: ChoiceCase) {
        switch row.expected {
        case .correct: #expect(verdict(row) == .correct)
        case .wrong: #expect(verdict(row) == .wrong(.wrongValue))
        case .none: #expect(verdict(row) == .wrong(.noAnswer))
        }
    }

    @Test func theTableIsLongAndHalfOfItIsNew() {
        let new = choiceTable.count(where: \.isNew)
        #expect(choiceTable.count >= 120 && 2 * new >= choiceTable.count, "\(new) of \(choiceTable.count)")
    }
}
