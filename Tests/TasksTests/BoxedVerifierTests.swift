import Testing

@testable import Tasks

/// Answers in LaTeX that mean the same are the same, and others are not.
@Suite struct BoxedVerifierTests {
    private func verdict(_ completion: String, _ answer: String) -> Verdict {
        BoxedVerifier().verdict(on: completion, of: Problem(id: "p", text: "", answer: .text(answer)))
    }

    @Test(arguments: [
        (#"5"#, #"5"#), (#"5."#, #"5"#), (#" 5 "#, #"5"#), (#"070"#, #"70"#), (#"5.0"#, #"5"#), (#".5"#, #"0.5"#),
        (#"-.5"#, #"-\frac12"#),
        (#"\frac{1}{2}"#, #"0.5"#), (#"1/2"#, #"\frac{1}{2}"#), (#"\dfrac{1}{2}"#, #"\tfrac{1}{2}"#),
        (#"\frac12"#, #"\frac{1}{2}"#),
        (#"\frac1{72}"#, #"1/72"#), (#"\frac{2}{4}"#, #"\frac{1}{2}"#), (#"-\frac{2431}{50}"#, #"\frac{-2431}{50}"#),
        (#"-48.62"#, #"-\frac{2431}{50}"#),
        (#"3\frac{1}{2}"#, #"\frac72"#), (#"7 3/4"#, #"7.75"#), (#"\sqrt2"#, #"\sqrt{2}"#),
        (#"\sqrt{8}"#, #"2\sqrt{2}"#),
        (#"\frac{1}{\sqrt{2}}"#, #"\frac{\sqrt2}{2}"#), (#"\sqrt[3]{27}"#, #"3"#), (#"2\sqrt{2}+3"#, #"3+2\sqrt{2}"#),
        (#"\frac{\sqrt{13}}{2}"#, #"\sqrt{13}/2"#), (#"2^{99}"#, #"633825300114114700748351602688"#), (#"2^3"#, #"8"#),
        (#"10^{-2}"#, #"0.01"#),
        (#"20\pi"#, #"20 \pi"#), (#"20π"#, #"20\pi"#), (#"5!"#, #"120"#), (#"3 \cdot 4"#, #"12"#),
        (#"3\times 10^4"#, #"30{,}000"#),
        (#"1,000"#, #"1000"#), (#"1{,}234{,}567"#, #"1234567"#), (#"10\,000"#, #"10000"#), (#"1,234.5"#, #"1234.5"#),
        (#"\$12.50"#, #"12.5"#),
        (#"50\%"#, #"50"#), (#"60^\circ"#, #"60"#), (#"60^{\circ}"#, #"60"#), (#"60°"#, #"60"#),
        (#"5\text{ cm}"#, #"5"#), (#"5\,\mathrm{cm}^2"#, #"5"#),
        (#"5 cm"#, #"5"#), (#"12 \text{ square units}"#, #"12"#), (#"\text{Evelyn}"#, #"Evelyn"#),
        (#"\text{(C)}"#, #"(C)"#), (#"x=5"#, #"5"#),
        (#"$\frac{9\sqrt{30}}{4}$"#, #"\frac{9 \sqrt{30}}{4}"#),
        (#"\left( 3, \frac{\pi}{2} \right)"#, #"(3,\frac{\pi}{2})"#), (#"(0.5, 2)"#, #"(1/2,2)"#),
        (#"[2,5)"#, #"\left[2, 5\right)"#), (#"(-\infty,0)\cup(1,\infty)"#, #"(1, \infty) \cup (-\infty, 0)"#),
        (#"\{1,2,3\}"#, #"\{3, 2, 1\}"#),
        (#"2,3,\frac{3-i\sqrt{3}}{2},\frac{3+i\sqrt{3}}{2}"#, #"2,3,\frac{3+i\sqrt{3}}{2},\frac{3-i\sqrt{3}}{2}"#),
        (#"1 \text{ and } 2"#, #"2, 1"#),
        (#"x^2+2x+1"#, #"1 + 2x + x^{2}"#), (#"\frac{x}{2}"#, #"x/2"#), (#"y=2x+3"#, #"2x+3"#),
        (#"x \leq 3"#, #"x\le3"#), (#"11\!\frac{1}{9}"#, #"\frac{100}{9}"#),
        (#"\begin{pmatrix} 1/2 \\ 3 \end{pmatrix}"#, #"\begin{bmatrix}0.5\\3\end{bmatrix}"#),
        (#"100,200"#, #"100, 200"#), (#"−3"#, #"-3"#),
        (#"x=1, x=2"#, #"2,1"#), (#"x \in [0,1]"#, #"[0,1]"#), (#"27^{2/3}"#, #"9"#), (#"1 234 567"#, #"1234567"#),
        (#"6 \text{ or } -6"#, #"-6, 6"#),
    ])
    func answersThatMeanTheSameAreEqual(given: String, answer: String) {
        #expect(verdict("so \\boxed{\(given)}.", answer) == .correct)
        #expect(verdict("so \\boxed{\(answer)}.", given) == .correct)
    }

    @Test(arguments: [
        (#"5"#, #"6"#), (#"5"#, #"-5"#), (#"0.33"#, #"\frac13"#), (#"0.333333333333333"#, #"1/3"#),
        (#"\frac{1}{2}"#, #"\frac{2}{1}"#), (#"12"#, #"\frac12"#),
        (#"\sqrt2"#, #"2"#), (#"1.414"#, #"\sqrt{2}"#), (#"2^{99}+1"#, #"2^{99}"#), (#"2^{200}"#, #"2^{200}+1"#),
        (#"3.14"#, #"\pi"#), (#"1,000"#, #"1"#),
        (#"(1,000)"#, #"1000"#), (#"50\%"#, #"0.5"#), (#"(1,2)"#, #"(2,1)"#), (#"[2,5)"#, #"(2,5)"#),
        (#"\{1,2\}"#, #"\{1,2,2\}"#), (#"1,2"#, #"1,2,3"#),
        (#"x+1"#, #"x-1"#), (#"x"#, #"y"#), (#"xy"#, #"x+y"#), (#"\text{Evelyn}"#, #"\text{Carla}"#),
        (#"x<3"#, #"x\le 3"#), (#"7 3/4"#, #"73/4"#),
        (#"\frac{5}{0}"#, #"5"#), (#"i"#, #"1"#), (#"\infty"#, #"-\infty"#), (#"10_2"#, #"10"#),
        (#"\begin{pmatrix}1&2\end{pmatrix}"#, #"\begin{pmatrix}1\\2\end{pmatrix}"#),
        (#"A"#, #"B"#), (#"5x"#, #"5"#), (#"("#, #"5"#), (#"\frac"#, #"5"#), (#"\pm 2"#, #"2"#),
        (#"[0,1]\cup[2,3]"#, #"[0,1]"#), (#"x=1,y=2"#, #"y=1,x=2"#),
    ])
    func answersThatMeanOthersAreNot(given: String, answer: String) {
        #expect(verdict("so \\boxed{\(given)}.", answer) == .wrong(.wrongValue))
        #expect(verdict("so \\boxed{\(answer)}.", given) == .wrong(.wrongValue))
    }

    @Test func theLastBalancedBoxCounts() {
        #expect(verdict(#"\boxed{1} then \boxed{2}"#, "2") == .correct)
        #expect(verdict(#"\boxed{2}, or \boxed{3"#, "2") == .correct)
        #expect(verdict(#"\fbox{2}"#, "2") == .correct && verdict(#"$\boxed 2$"#, "2") == .correct)
        #expect(verdict(#"\boxed{\{1, \frac{1}{2}\}}"#, #"\{0.5, 1\}"#) == .correct)
        #expect(verdict("2", "2") == .wrong(.noAnswer) && verdict(#"\boxed{}"#, "2") == .wrong(.noAnswer))
        #expect(verdict(#"\boxed{2"#, "2") == .wrong(.noAnswer) && verdict(#"\boxedx{2}"#, "2") == .wrong(.noAnswer))
    }

    @Test func boxesWithoutEndAreJudgedToo() async {
        // On a task's thread, whose stack is small.
        await Task.detached {
            for part in ["{", "(", "-", "\\frac", "\\sqrt", "\\{", "1^", "[", "\\text{"] {
                let inner = String(repeating: part, count: 20_000)
                let closed =
                    part.hasSuffix("{")
                    ? inner + "1" + String(repeating: part.hasPrefix("\\{") ? "\\}" : "}", count: 20_000) : inner
                #expect(self.verdict("\\boxed{\(closed)}", "2") == .wrong(.wrongValue))
            }
            for part in ["-", "\\sqrt", "\\frac", "^"] {
                #expect(self.verdict("\\boxed{\(String(repeating: part, count: 60))}", "2") == .wrong(.wrongValue))
            }
            #expect(
                self.verdict("\\boxed{\(String(repeating: "(", count: 40))2\(String(repeating: ")", count: 40))}", "2")
                    == .correct)
        }.value
    }
}
