import Tasks
import Testing

@testable import Trajectories

@Suite struct AcceptanceWatchTests {
    private func notices(_ verdicts: [Verdict?], text: String = "one\ntwo") throws -> [String] {
        var watch = AcceptanceWatch()
        return try verdicts.compactMap { try watch.note($0, text: text) }
    }

    @Test func theReasonsAreToldOnceWhenNothingOfTheFirstSixtyFourIsAccepted() throws {
        let wrong: [Verdict?] =
            Array(repeating: .wrong(.noAnswer), count: 61) + [.wrong(.wrongValue), nil, .wrong(.wrongValue)]
        let found = try notices(wrong + wrong)
        #expect(found.count == 1)
        #expect(
            found[0].hasPrefix(
                "none of the first 64 completions is accepted: 61 × the completion declares no answer; 2 × "))
        #expect(found[0].hasSuffix("The last one: “one⏎two”"))
        #expect(try notices(Array(wrong.dropLast())) == [])
        #expect(try notices([.correct] + wrong) == [])
    }

    @Test func shortCollectionsAreToldOfAtTheirEnd() throws {
        func last(_ verdicts: [Verdict?]) throws -> String? {
            var watch = AcceptanceWatch()
            for verdict in verdicts { _ = try watch.note(verdict, text: "one\ntwo") }
            return watch.lastNotice
        }
        #expect(
            try last([.wrong(.noAnswer), .wrong(.noAnswer)])
                == "none of 2 completions is accepted: 2 × the completion declares no answer. The last one: “one⏎two”")
        #expect(try last([.wrong(.noAnswer), .correct]) == nil && last([]) == nil)
        #expect(try last(Array(repeating: .wrong(.noAnswer), count: 64)) == nil)
    }

    @Test func aLongCompletionIsShownShortened() throws {
        let found = try notices(
            Array(repeating: .wrong(.noAnswer), count: 64), text: String(repeating: "x", count: 5000))
        #expect(found.first?.hasSuffix(String(repeating: "x", count: 300) + "…”") == true)
    }

    @Test func aVerifierThatFailsAgainAndAgainEndsTheCollection() throws {
        let faults: [Verdict?] = Array(repeating: .wrong(.graderFailed), count: 19)
        #expect(throws: Never.self) { try notices(faults + [.wrong(.wrongValue)] + faults) }
        let error = #expect(throws: SamplingError.self) { try notices(faults + [.wrong(.graderTimeLimit)]) }
        #expect(
            error?.description.contains("failed 20 times in a row, the last time because the grader took more time")
                == true)
    }
}
