import TestSupport
import Testing
@testable import Tokenizers

/// Expected pieces are those of Hugging Face's `Split` over Oniguruma, behaviour Isolated.
@Suite struct PatternTests {
    private func pieces(_ pattern: String, _ text: String) throws -> [String] {
        let program = try PatternProgram(pattern: pattern, location: "test")
        var matcher = PatternMatcher()
        var pieces = TextPieces(Array(text.utf8))
        try pieces.split(by: program, behavior: .isolated, isInverted: false, matcher: &matcher)
        return pieces.ranges.map { String(decoding: pieces.text[$0], as: UTF8.self) }
    }

    @Test(arguments: [
        ("Hello, world!", ["Hello", ",", " world", "!"]),
        ("don't I'LL 'S", ["don", "'t", " I", "'LL", " '", "S"]),
        ("1234567", ["123", "456", "7"]),
        ("a   b  ", ["a", "  ", " b", "  "]),
        ("x \n\n  y\r\n", ["x", " \n\n", " ", " y", "\r\n"]),
        ("naïve 日本語 ½Ⅳ", ["naïve", " 日本語", " ", "½Ⅳ"]),
        ("e\u{0301}!\n", ["e", "\u{0301}!\n"]),
        ("\u{00A0}\u{3000}a", ["\u{00A0}", "\u{3000}a"]),
    ])
    func llama3CutsAsPublished(text: String, expected: [String]) throws {
        #expect(try pieces(PublishedPattern.llama3, text) == expected)
    }

    @Test(arguments: [
        ("HelloWorld don't", ["Hello", "World", " don't"]),
        ("ABCdef GHI", ["ABCdef", " GHI"]),
        ("日本語 a/b//\n", ["日本語", " a", "/b", "//\n"]),
    ])
    func gptOSSCutsAsPublished(text: String, expected: [String]) throws {
        #expect(try pieces(PublishedPattern.gptOSS, text) == expected)
    }

    @Test(arguments: [
        ("x = foo(bar)+1;\n", ["x", " =", " foo", "(bar", ")+", "1", ";\n"]),
        ("\u{00} e\u{0301}", ["\u{00}", " e\u{0301}"]),
    ])
    func deepSeekCutsAsPublished(text: String, expected: [String]) throws {
        #expect(try pieces(PublishedPattern.deepSeek, text) == expected)
    }

    @Test(arguments: [
        (#"\p{N}{1,3}+"#, "a1234567b", ["a", "1234567", "b"]),
        (#"\s++$"#, "a \nb  \n", ["a \nb", "  \n"]),
        (#"$"#, "ab\ncd\n", ["ab", "\ncd", "\n"]),
        (#"^"#, "ab\ncd\n", ["ab\n", "cd\n"]),
        (#"\Aa|b\z"#, "aabb", ["a", "ab", "b"]),
        (#"(?i:'s)"#, "x'ſ y'S", ["x", "'ſ", " y", "'S"]),
        (#"(?i:[a-z])+"#, "aKſZ1", ["aKſZ", "1"]),
        (#"(?i:a(?-i:b))"#, "ABAb", ["AB", "Ab"]),
        ("a++a", "aaa", ["aaa"]),
        ("a?+a", "aaa", ["aa", "a"]),
        ("(?>ab|a)b", "abab", ["abab"]),
        ("(?>a|ab)b", "abab", ["ab", "ab"]),
        ("(?:ab){1,2}?", "abab", ["ab", "ab"]),
        ("(?:ab){2}", "ababab", ["abab", "ab"]),
        ("(?:ab)*c", "ababcab", ["ababc", "ab"]),
        ("a+?b", "aab", ["aab"]),
        ("a+?", "aa", ["a", "a"]),
        ("a{,2}", "aaaaa", ["aa", "aa", "a"]),
        ("x{a", "xx{a", ["x", "x{a"]),
        ("a(?=b)", "acab", ["ac", "a", "b"]),
        ("[[ab]c]+", "abcd", ["abc", "d"]),
        ("[^[ab]c]", "abd", ["ab", "d"]),
        (#"[a-c\d-]+"#, "b1-z", ["b1-", "z"]),
        (#"[-a]+"#, "b-a", ["b", "-a"]),
        (#"\x41\x{e9}\u00e9\."#, "Aéé.", ["Aéé."]),
        (#"\p{^L}|\P{Lowercase_Letter}"#, "a1A", ["a", "1", "A"]),
        (#"\w"#, "²", ["²"]),
        (#"[\w]"#, "a²", ["a", "²"]),
        (#"\h+"#, "xAfg", ["x", "Af", "g"]),
        (".", "a\nb", ["a", "\n", "b"]),
        ("", "héy", ["h", "é", "y"]),
        ("|", "ab", ["a", "b"]),
    ])
    func syntaxMeansWhatOnigurumaMeans(pattern: String, text: String, expected: [String]) throws {
        #expect(try pieces(pattern, text) == expected)
    }

    @Test(arguments: [
        (#"(?<=a)b"#, "(?<"), (#"(?<name>a)"#, "(?<"), (#"a\b"#, #"\b"#), (#"(a)\1"#, #"\1"#), (#"[[:alpha:]]"#, "[:"),
        (#"[\p{L}&&a]"#, "&&"), (#"\p{Han}"#, #"\p{Han}"#), (#"(?x)a"#, "(?x"), (#"(?i:é)"#, "é"),
        (#"(?i:\p{Lu})"#, #"\p{Lu}"#),
        (#"(?i:ss)"#, "ss"), (#"(?i:[é])"#, "[é]"), (#"(a*)*"#, "(a*)*"), (#"a{2}?"#, "a{2}?"), (#"[\d-a]"#, #"\d-"#),
        (#"\R"#, #"\R"#), (#"(?=a)*"#, "(?=a)*"), (#"$+"#, "$+"), (#"(?:ab){99999}"#, "instructions"),
    ])
    func unsupportedSyntaxIsRefusedByName(pattern: String, name: String) {
        #expect {
            _ = try PatternProgram(pattern: pattern, location: "here")
        } throws: { error in
            guard case TokenizerError.unsupported(location: "here", let found, _) = error else { return false }
            return found.contains(name)
        }
    }

    @Test(arguments: [
        "(a", "a)", "[a", "[^]", "[]a]", "*a", "a|+", #"a\"#, #"\p{L"#, #"\pL"#, #"\x{110000}"#, #"\u12"#, #"\xe9"#,
        "[b-a]", "a{2,1}",
        "a{1,100001}", String(repeating: "(", count: 1_000) + String(repeating: ")", count: 1_000),
    ])
    func malformedPatternsAreRefused(pattern: String) {
        #expect {
            _ = try PatternProgram(pattern: pattern, location: "here")
        } throws: { error in
            if case TokenizerError.malformed(location: "here", _, _) = error { true } else { false }
        }
    }

    @Test func categoriesAreThoseOfUnicode16() {
        func category(of scalar: UInt32) -> Unicode.GeneralCategory? {
            GeneralCategoryRun.all.first { $0.range.contains(scalar) }?.category
        }
        #expect(category(of: 0x1C89) == .uppercaseLetter)  // new in 16
        #expect(category(of: 0x10940) == .unassigned)  // new in 17
        #expect(category(of: 0x295) == .lowercaseLetter)  // changed in 17
        #expect(category(of: 0xD800) == .surrogate)
        #expect(category(of: 0xF0000) == .privateUse)
        #expect(category(of: 0x10FFFF) == .unassigned)
        #expect(GeneralCategoryRun.all.reduce(0) { $0 + $1.range.count } == 0x110000)
    }

    @Test func setsContainWhatTheirRangesSay() {
        var sets = ScalarSets()
        let ranges = [
            ScalarRanges.whitespace, .word, .exceptLineFeed, .all, .empty, ScalarRanges(["a"]), .word.inverted,
        ]
        let indices = ranges.map { sets.index(of: $0) }
        #expect(sets.index(of: .word) == indices[1])
        var generator = SeededGenerator(seed: 1)
        for (set, index) in zip(ranges, indices) {
            let edges = set.ranges.flatMap { [$0.lowerBound, $0.upperBound, $0.upperBound + 1] }.filter {
                $0 < 0x110000
            }
            for scalar in edges + (0..<1_000).map({ _ in UInt32.random(in: 0..<0x110000, using: &generator) }) {
                let isInside = set.ranges.contains { $0.contains(scalar) }
                #expect(sets.contains(scalar, in: index) == isInside, "U+\(String(scalar, radix: 16)) in set \(index)")
            }
        }
    }
}

extension ScalarRanges {
    fileprivate init(_ scalars: [Unicode.Scalar]) {
        self.init(scalars.map { $0.value...$0.value })
    }
}
