import Testing

@testable import Reports

struct NumberTextTests {
    @Test func fixedDecimalsGroupThousandsAndHaveATrueMinus() {
        #expect(NumberText.fixed(1_234_567.891, decimals: 2) == "1,234,567.89")
        #expect(NumberText.fixed(-999, decimals: 0) == "−999")
        #expect(NumberText.fixed(-0.001, decimals: 2) == "0.00")
        #expect(NumberText.fixed(.nan, decimals: 2) == "–")
        #expect(NumberText.fixed(2e20, decimals: 2) == "2×10²⁰")
    }

    @Test func shortNumbersHaveThreeDigits() {
        #expect(
            [0, 0.012345, 1.5, -20, 1234, 4.5e-6, 1e-6, 12_345_678].map(NumberText.short)
                == ["0", "0.0123", "1.5", "−20", "1,234", "4.5×10⁻⁶", "10⁻⁶", "1.23×10⁷"])
    }

    @Test func ticksHaveTheDigitsOfTheirStep() {
        #expect(NumberText.tick(0.5, step: 0.25) == "0.50")
        #expect(NumberText.tick(1000, step: 500) == "1,000")
        #expect(NumberText.tick(0.30000000000000004, step: 0.1) == "0.3")
        #expect(NumberText.tick(2_500_000, step: 500_000) == "2.5×10⁶")
    }

    @Test func wordsBreakAndFit() {
        #expect(wrapped("one two three", width: textWidth("one two")) == ["one two", "three"])
        #expect(fitted("temperature", width: 100) == "temperature")
        let cut = fitted("temperature", width: 3)
        #expect(cut.hasSuffix("…") && cut.count > 2 && textWidth(cut) <= 3)
    }
}
