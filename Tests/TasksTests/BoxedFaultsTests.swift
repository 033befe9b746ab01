import Foundation
import Testing

@testable import Tasks

/// Answers that were once judged wrongly, and completions that once ended the program or took too long.
@Suite struct BoxedFaultsTests {
    private func isRight(_ given: String, _ answer: String) -> Bool {
        BoxedVerifier().verdict(on: "\\boxed{\(given)}", of: Problem(id: "p", text: "", answer: .text(answer)))
            .isCorrect
    }

    @Test(arguments: [
        (#"\frac{3}{100}"#, "0.03"), (#"\frac{12}{127}"#, "12/127"), (#"\pm 3"#, "3,-3"), (#"\ln(2)"#, #"\ln 2"#),
        (#"\binom52"#, "10"),
        (#"0.\overline{3}"#, "1/3"), (#"0.1\overline{6}"#, "1/6"), ("1.5e3", "1500"), ("2e-3", "0.002"),
        ("2e-3", "-3+2e"), ("–3", "-3"),
        (#"\lvert x\rvert"#, "|x|"), ("yes", "Yes"), (#"3<x\le4"#, "(3,4]"), (#"x\ge 2"#, #"[2,\infty)"#),
        (#"4\ge x>3"#, "(3,4]"),
        (#"n\text{ is even}"#, "n"), (#"5\text{ km}"#, "5"), (#"5\text{ km}"#, #"5\text{ kilometers}"#),
        (#"60^\circ"#, "60"), (#"50\%"#, "50"),
        (#"6-5\mathrm{i}"#, "6-5i"), (#"5\,\mathrm{m}"#, "5"), ("100, 3", "3, 100"),
        (#"\frac{1,000}{3}"#, #"\frac{1000}{3}"#),
        (#"5\text{ square cm}"#, #"5\text{ cm}^2"#), ("1., 2., 3.", "1,2,3"), ("(1,2.)", "(1,2)"), ("1;2;3", "1,2,3"),
        ("1, 2 and 3.", "1,2,3"), (#"{3\over 4}"#, "3/4"), (#"3 \over 4"#, "0.75"), (#"\nicefrac{1}{2}"#, "0.5"),
        ("(x,y)=(1,2)", "(1, 2)"), ("f(x)=2x+1", "1+2x"), (#"30^\circ\text{C}"#, "30"),
        (#"30^\circ\text{C}"#, #"30^\circ\mathrm{C}"#), ("{}5", "5"),
        (#"\tan^{-1}(2)"#, #"\arctan 2"#), (#"\sin^{-1}\frac12"#, #"\frac{\pi}{6}"#),
        (#"\underline{5}"#, "5"), (#"\approx 3.14"#, "3.14"), (#"\{\}"#, #"\emptyset"#),
        (#"\mathbb{R}\setminus\{0\}"#, #"\mathbb{R} \backslash \{0\}"#),
    ])
    func areEqual(given: String, answer: String) { #expect(isRight(given, answer) && isRight(answer, given)) }

    @Test(arguments: [
        (#"\frac{12}{127}"#, #"\frac{12}{125}"#), (#"6-5\mathrm{i}"#, "1"), (#"5\mathbb{Z}"#, #"5\mathbb{R}"#),
        (#"5\mathbf{j}"#, "5"),
        (#"n\text{ is even}"#, #"n\text{ is odd}"#), (#"5\text{ km}"#, #"5\text{ m}"#), (#"\pm 3"#, "3"),
        (#"\ln(2)"#, #"\ln 3"#),
        ("x<3", "y<3"), ("x<3", #"x\le3"#), ("|x|", "x"), (#"\Delta+1"#, #"\delta+1"#), (#"2x+A"#, "2x+a"),
        (#"0.\overline{3}"#, "0.3"),
        (#"\sin^{-1}{2}"#, #"\frac{1}{\sin 2}"#), (#"{3\over 4}"#, "4/3"), ("(x,y)=(1,2)", "(2,1)"), ("x=1;y=2", "2,1"),
        (#"30^\circ\text{C}"#, #"30^\circ\text{F}"#),
        (#"0.\overline{3}, 1."#, "0.3,1"), (#"\{\}"#, #"\{0\}"#), ("1;200", "1200"),
        (#"170141183460469231731687303715884105727\frac{1}{2}"#, "170141183460469231731687303715884105727"),
    ])
    func areNotEqual(given: String, answer: String) { #expect(!isRight(given, answer) && !isRight(answer, given)) }

    @Test(arguments: [
        "2^{-9223372036854775808}", "2^{9223372036854775808}", "x^{-9223372036854775808}",
        #"\sqrt[-9223372036854775808]{2}"#,
        "9223372036854775808!", "-170141183460469231731687303715884105728",
        #"\binom{170141183460469231731687303715884105727}{3}"#,
        "1e-9223372036854775808", "1e99999999999999999999", #"0.\overline{99999999999999999999999999999999999999999}"#,
    ])
    func numbersOutOfRangeAreWrong(given: String) { #expect(!isRight(given, "5")) }

    @Test func tenThousandRandomPairsAreJudgedAsTheyWereMade() {
        var generator = BoxedPairs(seed: 1)
        let pairs = generator.pairs(10_000)
        let wrong = pairs.filter { isRight($0.first, $0.second) != $0.areSame }
        #expect(pairs.count { $0.areSame } > 4_900 && pairs.count { !$0.areSame } > 4_900)
        #expect(wrong.isEmpty, "\(wrong.count) of them, such as \(wrong.prefix(5))")
    }

    /// What was decided where another judge may say otherwise; `data/scripts/compare_answers.py` holds its reasons.
    @Test func answersAreJudgedAsWasDecidedBesideMathVerify() throws {
        struct Decision: Decodable {
            let given: String, answer: String, same: Bool
        }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appendingPathComponent("data/scripts/tests/answer_pairs.jsonl"), encoding: .utf8)
        let decisions = try text.split(separator: "\n").map {
            try JSONDecoder().decode(Decision.self, from: Data($0.utf8))
        }
        #expect(decisions.count > 140)
        for decision in decisions {
            #expect(isRight(decision.given, decision.answer) == decision.same, "\(decision)")
        }
    }

    @Test func unbalancedAndNestedBoxesTakeLinearTime() {
        let time = ContinuousClock().measure {
            #expect(lastBoxed(in: String(repeating: #"\boxed{"#, count: 17_000)) == nil)
            #expect(
                lastBoxed(
                    in: String(repeating: #"\boxed{"#, count: 17_000) + "1" + String(repeating: "}", count: 17_000))
                    == "1")
        }
        #expect(time < .seconds(5))
    }
}
