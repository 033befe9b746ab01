import Testing

@testable import Reports

struct EscapingTests {
    @Test func markupBecomesText() {
        #expect(
            escaped("<script>alert('1 & \"2\"')</script>")
                == "&lt;script&gt;alert(&#39;1 &amp; &quot;2&quot;&#39;)&lt;/script&gt;")
    }

    @Test func aTagWithACombiningAccentIsEscaped() {
        #expect(escaped("<\u{0301}b>\u{20DD}&\u{0308}") == "&lt;\u{0301}b&gt;\u{20DD}&amp;\u{0308}")
    }

    @Test func whatNoDocumentMayHoldIsReplaced() {
        let forbidden = [0, 8, 0x1B, 0x85, 0xFFFE, 0xFDD0, 0x1FFFF].compactMap { Unicode.Scalar($0 as UInt32) }
        #expect(forbidden.count == 7)
        #expect(
            escaped("a" + String(String.UnicodeScalarView(forbidden)) + "z") == "a"
                + String(repeating: "\u{FFFD}", count: 7) + "z")
        #expect(escaped("tab\tline\nreturn\r") == "tab\tline\nreturn&#13;")
    }

    @Test func marksThatTurnDirectionAreSpelledOut() {
        #expect(escaped("\u{202E}abc\u{2069}") == "[U+202E]abc[U+2069]")
    }
}
