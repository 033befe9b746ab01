/// A set of Unicode scalars as sorted, disjoint, non-adjacent ranges: the form in which patterns are put together.
struct ScalarRanges: Hashable, Sendable {
    private(set) var ranges: [ClosedRange<UInt32>]

    static let empty = ScalarRanges([])
    static let all = ScalarRanges([0...0x10FFFF])

    /// The union of `ranges`, which may overlap and stand in any order.
    init(_ ranges: [ClosedRange<UInt32>]) {
        self.ranges = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = self.ranges.last, range.lowerBound <= last.upperBound + 1 {
                self.ranges[self.ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                self.ranges.append(range)
            }
        }
    }

    init(_ scalar: Unicode.Scalar) {
        ranges = [scalar.value...scalar.value]
    }

    /// All scalars of the given general categories, as in `\p{L}` or `\p{Lu}`.
    init(categories: Set<Unicode.GeneralCategory>) {
        self.init(GeneralCategoryRun.all.filter { categories.contains($0.category) }.map(\.range))
    }

    func union(_ other: ScalarRanges) -> ScalarRanges {
        ScalarRanges(ranges + other.ranges)
    }

    var inverted: ScalarRanges {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= 0x10FFFF { gaps.append(next...0x10FFFF) }
        return ScalarRanges(gaps)
    }

    /// This set with both cases of its ASCII letters, and the two other scalars that fold to one:
    /// long s (U+017F) to s, and the Kelvin sign (U+212A) to k.
    var withBothCases: ScalarRanges {
        var variants = ranges
        for lower in UInt32(0x61)...0x7A where contains(lower) || contains(lower - 0x20) {
            variants += [lower...lower, lower - 0x20...lower - 0x20]
            if lower == 0x73 { variants.append(0x17F...0x17F) }
            if lower == 0x6B { variants.append(0x212A...0x212A) }
        }
        return ScalarRanges(variants)
    }

    var isASCII: Bool { ranges.allSatisfy { $0.upperBound < 0x80 } }

    private func contains(_ scalar: UInt32) -> Bool {
        ranges.contains { $0.contains(scalar) }
    }
}

/// The classes that have a letter of their own in a pattern, as Oniguruma defines them for UTF-8.
extension ScalarRanges {
    /// `\s`, the property White_Space: the separators, and six controls.
    static let whitespace = ScalarRanges(categories: [.spaceSeparator, .lineSeparator, .paragraphSeparator])
        .union(ScalarRanges([0x09...0x0D, 0x85...0x85]))

    /// `\d`.
    static let digits = ScalarRanges(categories: [.decimalNumber])

    /// `\h`.
    static let hexadecimalDigits = ScalarRanges([0x30...0x39, 0x41...0x46, 0x61...0x66])

    /// `\w` in a class: alphabetic scalars, marks, decimal digits and connectors.
    static let word = ScalarRanges(
        categories: GeneralCategoryRun.letters.union(GeneralCategoryRun.marks)
            .union([.letterNumber, .decimalNumber, .connectorPunctuation])
    )
    .union(ScalarRanges(GeneralCategoryRun.alphabeticSymbols))

    /// `\w` by itself, where Oniguruma adds the superscripts and fractions of Latin-1.
    static let wordOutsideClass = word.union(ScalarRanges([0xB2...0xB3, 0xB9...0xB9, 0xBC...0xBE]))

    /// `.`: everything except the line feed.
    static let exceptLineFeed = ScalarRanges("\n").inverted
}
