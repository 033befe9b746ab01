import Testing

@testable import Tasks

/// A completion is right only where numbers, arithmetic, target and form all are.
@Suite struct VerifierTests {
    private func problem(_ numbers: [Int], _ target: Int) -> Problem {
        Problem(id: "p", text: "", answer: .countdown(Countdown(numbers: numbers, target: target)))
    }

    private func verdict(_ text: String, _ numbers: [Int] = [3, 12, 11], _ target: Int = 99) -> Verdict {
        CountdownVerifier().verdict(on: text, of: problem(numbers, target))
    }

    @Test(arguments: [
        "12-3=9,9*11=99!",
        "12-11=1,1+3=4?\n12/3=4,4*11=44?\n11-3=8,8*12=96?\n12-3=9,9*11=99!",
        "12-3=9,11*9=99!",
        "99=99 what now?\n\n12-3=9,9*11=99!",
    ])
    func rightAnswersAreCorrect(_ text: String) {
        #expect(verdict(text) == .correct)
    }

    @Test(arguments: [
        // No answer.
        ("", Fault.noAnswer),
        ("12-3=9,9*11=99?", .noAnswer),
        ("12-3=9,9*11=99", .noAnswer),
        ("12-11=1,1+3=4?\n", .noAnswer),
        // Text after the answer.
        ("12-3=9,9*11=99!\n", .textAfterAnswer),
        ("12-3=9,9*11=99! ", .textAfterAnswer),
        ("12-3=9,9*11=99!!", .textAfterAnswer),
        ("12-11=1,1+3=4!\n12-3=9,9*11=99!", .textAfterAnswer),
        // A number that is not there, or not any more.
        ("12-3=9,9*12=108!", .unavailableNumber),
        ("12-3=9,9*9=81!", .unavailableNumber),
        ("9*11=99!", .unavailableNumber),
        ("100-1=99!", .unavailableNumber),
        ("12-3=9,9*11=99,99+3=102!", .unavailableNumber),
        ("3*33=99!", .unavailableNumber),
        // Wrong arithmetic.
        ("12-3=8,8*11=88!", .wrongArithmetic),
        ("12-3=9,9*11=98!", .wrongArithmetic),
        ("11/3=3,3*12=36!", .wrongArithmetic),
        ("3/12=0,0+11=11!", .wrongArithmetic),
        // Numbers left over.
        ("12-3=9!", .unusedNumbers),
        // Declared right, with another value.
        ("12-11=1,1+3=4!", .wrongValue),
        // Not written as the task asks.
        ("!", .malformed),
        ("99!", .malformed),
        ("12-3=9, 9*11=99!", .malformed),
        ("12-3=9,9*11=99,!", .malformed),
        (",12-3=9,9*11=99!", .malformed),
        ("12-3=9,9x11=99!", .malformed),
        ("12-3=9,9×11=99!", .malformed),
        ("12-3=09,9*11=99!", .malformed),
        ("3-12=-9,9*11=99!", .malformed),
        ("12-3=9,9*11=!", .malformed),
        ("12-3=9,9*11==99!", .malformed),
        ("12-3=9.0,9*11=99!", .malformed),
        ("12-3=9;9*11=99!", .malformed),
        ("12-3=9,9*11=٩٩!", .malformed),
        ("12*99999999999999999999=99!", .malformed),
    ])
    func wrongAnswersHaveTheirFault(_ text: String, _ fault: Fault) {
        #expect(verdict(text) == .wrong(fault), "\(text): \(fault.description)")
    }

    @Test func aTargetThatIsReachedWithNumbersLeftIsWrong() {
        #expect(verdict("4+5=9!", [4, 5, 7], 9) == .wrong(.unusedNumbers))
    }

    @Test func equalNumbersAreThereAsOftenAsTheyAreGiven() {
        #expect(verdict("5+5=10,10+5=15!", [5, 5, 5], 15) == .correct)
        #expect(verdict("5+5=10,10+5=15!", [5, 5], 15) == .wrong(.unavailableNumber))
        #expect(verdict("5+5=10,10+10=20!", [5, 5, 10], 20) == .correct)
        #expect(verdict("5+5=10,10+10=20!", [5, 5, 5], 20) == .wrong(.unavailableNumber))
    }

    @Test func anyCountOfNumbersIsJudged() {
        #expect(verdict("1+2=3!", [1, 2], 3) == .correct)
        #expect(verdict("8/2=4,4-4=0,0*9=0,0+7=7!", [8, 2, 4, 9, 7], 7) == .correct)
        // Results are combined with each other, too.
        #expect(verdict("8*2=16,9-4=5,16+5=21!", [8, 2, 4, 9], 21) == .correct)
    }

    @Test func zeroIsANumberAndNoDivisor() {
        #expect(verdict("4-4=0,7/0=7!", [4, 4, 7], 7) == .wrong(.wrongArithmetic))
        #expect(verdict("4-4=0,0/7=0!", [4, 4, 7], 0) == .correct)
    }

    @Test func productsThatOverflowAreWrong() {
        #expect(
            verdict("999999999*999999999=1,1*999999999=1!", [999_999_999, 999_999_999, 999_999_999], 1)
                == .wrong(.wrongArithmetic))
        #expect(
            verdict("999999999999999*999999999999999=1!", [999_999_999_999_999, 999_999_999_999_999], 1)
                == .wrong(.wrongArithmetic))
    }

    @Test func everyFaultHasItsOwnSentence() {
        #expect(Set(Fault.allCases.map(\.description)).count == Fault.allCases.count)
    }

    // MARK: Every line

    @Test(arguments: [
        "12-3=9,9*11=99!",
        "12-11=1,1+3=4?\n12/3=4,4*11=44?\n11-3=8,8*12=96?\n12-3=9,9*11=99!",
    ])
    func completionsWithoutASlipAreCorrectByEveryLine(_ text: String) {
        let verifier = CountdownVerifier(.everyLine)
        #expect(verifier.verdict(on: text, of: problem([3, 12, 11], 99)) == .correct)
    }

    /// Correct by their last line alone.
    @Test(arguments: [
        ("12-11=2,2+3=5?\n12-3=9,9*11=99!", Fault.wrongArithmetic),
        ("12-11=1,1+4=5?\n12-3=9,9*11=99!", .unavailableNumber),
        ("12-11=1?\n12-3=9,9*11=99!", .unusedNumbers),
        ("12-11=1,1+3=4\n12-3=9,9*11=99!", .malformed),
        ("so\n12-3=9,9*11=99!", .malformed),
        ("\n12-3=9,9*11=99!", .malformed),
        ("12-11=1,1+3=4?\n\n12-3=9,9*11=99!", .malformed),
        ("12-3=9,9*11=99?\n12-3=9,9*11=99!", .missedTarget),
        ("12-11=1,1+3=4?\n12/3=5,5*11=55?\n12-3=9,9*11=99!", .wrongArithmetic),
    ])
    func slipsInEarlierLinesAreWrongByEveryLine(_ text: String, _ fault: Fault) {
        #expect(verdict(text) == .correct)
        #expect(CountdownVerifier(.everyLine).verdict(on: text, of: problem([3, 12, 11], 99)) == .wrong(fault))
    }

    @Test func lastLinesAreJudgedAlikeByEveryLine() {
        for text in ["", "12-3=9,9*11=99?", "12-11=1,1+3=4!", "12-3=9!", "12-3=9,9*11=99!\n"] {
            #expect(
                CountdownVerifier(.everyLine).verdict(on: text, of: problem([3, 12, 11], 99)) == verdict(text)
                    && !verdict(text).isCorrect)
        }
    }

    // MARK: Exact

    @Test func exactAnswersIgnoreWhiteSpaceAroundThemAlone() {
        let problem = Problem(id: "p", text: "2+2=", answer: .text(" 4\n"))
        func verdict(_ text: String) -> Verdict { ExactVerifier().verdict(on: text, of: problem) }
        #expect(verdict("4") == .correct && verdict("\n 4 ") == .correct)
        #expect(verdict("4.0") == .wrong(.wrongValue) && verdict("4 4") == .wrong(.wrongValue))
        #expect(verdict(" \n") == .wrong(.noAnswer))
    }

    @Test func verifiersRefuseProblemsOfOthers() {
        #expect(ExactVerifier().verdict(on: "4", of: problem([1, 2], 3)) == .wrong(.malformed))
        let text = Problem(id: "p", text: "", answer: .text("3"))
        #expect(CountdownVerifier().verdict(on: "1+2=3!", of: text) == .wrong(.malformed))
    }
}
