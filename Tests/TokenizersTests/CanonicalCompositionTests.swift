import Foundation
import TestSupport
import Testing
@testable import Tokenizers

@Suite struct CanonicalCompositionTests {
    private func compose(_ text: String) -> String {
        String(decoding: CanonicalComposition.unicode9.compose(Array(text.utf8)), as: UTF8.self)
    }

    /// Scalars, because equality of strings does not tell normalization forms apart.
    private func scalars(_ text: String) -> [UInt32] { text.unicodeScalars.map(\.value) }

    @Test(arguments: [
        ("cafe\u{0301}!", "café!"),
        ("é\u{0327}x", "ȩ\u{0301}x"),  // marks are put in order first
        ("a\u{0301}\u{0302}", "á\u{0302}"),
        ("u\u{0308}\u{0304}", "ǖ"),
        ("\u{212B}\u{2126}\u{0344}", "ÅΩ\u{0308}\u{0301}"),  // singletons and what is excluded from composition
        ("\u{1112}\u{1161}\u{11AB}\u{AC00}\u{11A8}", "한각"),
        ("\u{0301}a", "\u{0301}a"),
        ("\u{0301}\u{0323}", "\u{0323}\u{0301}"),
        ("o\u{0338}\u{0301}\u{0323}", "ọ\u{0338}\u{0301}"),
        ("\u{05D0}\u{05B7}\u{05BC}", "\u{05D0}\u{05B7}\u{05BC}"),
        ("日本か\u{3099}語", "日本が語"),
        ("", ""),
    ])
    func textIsComposed(text: String, expected: String) {
        #expect(scalars(compose(text)) == scalars(expected))
    }

    /// What the standard library of Swift 6.3 gets wrong.
    @Test(
        arguments: [
            [0x20064, 0x327], [0x1103, 0x1176], [0x1113, 0x1163], [0x10059, 0x300], [0x2C1, 0x21FBF, 0x300],
        ] as [[UInt32]])
    func whatHasNoCompositeStaysApart(text: [UInt32]) {
        #expect(scalars(compose(String(String.UnicodeScalarView(text.compactMap(Unicode.Scalar.init))))) == text)
    }

    @Test func marksThatDecomposeIntoMarksAreOrderedByTheirParts() {
        #expect(scalars(compose("\u{1DE2}\u{0F81}")) == [0xF71, 0xF80, 0x1DE2])
    }

    @Test func compositionGoesByUnicode9() {
        // Both the vowel and the sign came with Unicode 13.
        #expect(scalars(compose("\u{11935}\u{11930}")) == [0x11935, 0x11930])
    }

    @Test func everyScalarOfTheBasicPlaneComesBackFromItsDecomposition() {
        var heldCount = 0
        for value in UInt32(0)...0xFFFF {
            guard let scalar = Unicode.Scalar(value), let age = scalar.properties.age, age.major <= 9 else { continue }
            let text = String(scalar)
            let composed = compose(text.decomposedStringWithCanonicalMapping)
            guard composed.unicodeScalars.elementsEqual(text.precomposedStringWithCanonicalMapping.unicodeScalars)
            else {
                Issue.record("U+\(String(value, radix: 16)) becomes \(scalars(composed))")
                return
            }
            heldCount += 1
        }
        // Unicode 9 gives most of the plane a character.
        #expect(heldCount > 50_000)
    }

    @Test func composedTextStaysAsItIs() {
        let repertoire = Array(
            "ae\u{0301}\u{0323}\u{0308}\u{0327}é한\u{1100}\u{1161}\u{11A8}か\u{3099}\u{0F71}\u{0F73}語".unicodeScalars)
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<2_000 {
            let random = (0..<8).compactMap { _ in repertoire.randomElement(using: &generator) }
            let once = compose(String(String.UnicodeScalarView(random)))
            #expect(scalars(compose(once)) == scalars(once))
        }
    }
}
