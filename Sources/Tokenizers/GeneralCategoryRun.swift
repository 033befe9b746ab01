/// A run of consecutive Unicode scalars of one general category.
struct GeneralCategoryRun: Sendable {
    let range: ClosedRange<UInt32>
    let category: Unicode.GeneralCategory

    static let letters: Set<Unicode.GeneralCategory> =
        [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter]
    static let marks: Set<Unicode.GeneralCategory> = [.nonspacingMark, .spacingMark, .enclosingMark]

    /// All of Unicode 16 in order, asked from the standard library once. Planes 4 to 13 hold nothing, 15 and 16 are for
    /// private use: they are not asked for scalar by scalar.
    static let all: [GeneralCategoryRun] = {
        var runs: [GeneralCategoryRun] = []
        func append(_ range: ClosedRange<UInt32>, _ category: Unicode.GeneralCategory) {
            if let last = runs.last, last.category == category {
                runs[runs.count - 1] = GeneralCategoryRun(
                    range: last.range.lowerBound...range.upperBound, category: category)
            } else {
                runs.append(GeneralCategoryRun(range: range, category: category))
            }
        }
        func appendEach(_ range: ClosedRange<UInt32>) {
            for value in range {
                append(value...value, category(of: value))
            }
        }
        appendEach(0...0x3FFFF)
        append(0x40000...0xDFFFF, .unassigned)
        appendEach(0xE0000...0xEFFFF)
        for plane: UInt32 in [0xF0000, 0x100000] {
            append(plane...plane + 0xFFFD, .privateUse)
            append(plane + 0xFFFE...plane + 0xFFFF, .unassigned)
        }
        return runs
    }()

    /// The category in Unicode 16, which Hugging Face's `tokenizers` 0.23 goes by, whatever the standard library has: a
    /// newer toolchain must not cut texts in other pieces.
    private static func category(of value: UInt32) -> Unicode.GeneralCategory {
        guard let properties = Unicode.Scalar(value)?.properties else { return .surrogate }
        if value == 0x295 { return .lowercaseLetter }  // moved in Unicode 17
        if let age = properties.age, age.major > 16 { return .unassigned }
        return properties.generalCategory
    }

    /// Symbols that are alphabetic nevertheless: the circled and squared letters.
    static let alphabeticSymbols: [ClosedRange<UInt32>] = all.filter { $0.category == .otherSymbol }
        .flatMap(\.range)
        .filter { Unicode.Scalar($0)?.properties.isAlphabetic ?? false }
        .map { $0...$0 }

    /// The categories that a name in `\p{…}` stands for; short names and Unicode's long ones.
    static func categories(named name: String) -> Set<Unicode.GeneralCategory>? {
        let folded = name.lowercased().filter { $0 != "_" && $0 != " " && $0 != "-" }
        return byName[folded]
    }

    private static let byName: [String: Set<Unicode.GeneralCategory>] = {
        var names: [String: Set<Unicode.GeneralCategory>] = [:]
        let groups: [(short: String, long: String, members: [(String, String, Unicode.GeneralCategory)])] = [
            (
                "l", "letter",
                [
                    ("lu", "uppercaseletter", .uppercaseLetter), ("ll", "lowercaseletter", .lowercaseLetter),
                    ("lt", "titlecaseletter", .titlecaseLetter), ("lm", "modifierletter", .modifierLetter),
                    ("lo", "otherletter", .otherLetter),
                ]
            ),
            (
                "m", "mark",
                [
                    ("mn", "nonspacingmark", .nonspacingMark), ("mc", "spacingmark", .spacingMark),
                    ("me", "enclosingmark", .enclosingMark),
                ]
            ),
            (
                "n", "number",
                [
                    ("nd", "decimalnumber", .decimalNumber), ("nl", "letternumber", .letterNumber),
                    ("no", "othernumber", .otherNumber),
                ]
            ),
            (
                "p", "punctuation",
                [
                    ("pc", "connectorpunctuation", .connectorPunctuation), ("pd", "dashpunctuation", .dashPunctuation),
                    ("ps", "openpunctuation", .openPunctuation), ("pe", "closepunctuation", .closePunctuation),
                    ("pi", "initialpunctuation", .initialPunctuation), ("pf", "finalpunctuation", .finalPunctuation),
                    ("po", "otherpunctuation", .otherPunctuation),
                ]
            ),
            (
                "s", "symbol",
                [
                    ("sm", "mathsymbol", .mathSymbol), ("sc", "currencysymbol", .currencySymbol),
                    ("sk", "modifiersymbol", .modifierSymbol), ("so", "othersymbol", .otherSymbol),
                ]
            ),
            (
                "z", "separator",
                [
                    ("zs", "spaceseparator", .spaceSeparator), ("zl", "lineseparator", .lineSeparator),
                    ("zp", "paragraphseparator", .paragraphSeparator),
                ]
            ),
            (
                "c", "other",
                [
                    ("cc", "control", .control), ("cf", "format", .format), ("cs", "surrogate", .surrogate),
                    ("co", "privateuse", .privateUse), ("cn", "unassigned", .unassigned),
                ]
            ),
        ]
        for group in groups {
            for (short, long, category) in group.members {
                names[short] = [category]
                names[long] = [category]
            }
            let all = Set(group.members.map(\.2))
            names[group.short] = all
            names[group.long] = all
        }
        return names
    }()
}
