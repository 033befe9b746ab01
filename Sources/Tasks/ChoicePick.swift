import Foundation

/// What a completion picks among lettered options.
enum ChoicePick: Equatable {
    case none
    case one(Character)
    /// More than one letter where one was asked for.
    case several

    init(in text: String) {
        // What is declared stands near the end; a long derivation before it costs nothing.
        let end = String(text.suffix(20_000))
        let boxed = boxes(in: end).reversed().lazy.map(Self.inBox).first { $0 != .none }
        let plain = Self.plain(end)
        let rules = [
            { boxed ?? .none }, { Self.declared(in: plain) }, { Self.asWhole(plain) }, { Self.atEnd(of: plain) },
        ]
        self = rules.lazy.map { $0() }.first { $0 != .none } ?? .none
    }

    /// A pick: a capital that no word goes on from, in brackets or not, or a small letter in brackets.
    private static let letter = #"(?:\(\s*([A-Ja-j])\s*\)|\[\s*([A-J])\s*\]|(?<![\w'’-])([A-J])(?![\w'’-]))"#
    /// A second letter behind a first one.
    private static let another = Pattern(
        #"^[\s.)]*(?:,|/|&|(?i:or|and)\b)\s*(?i:or\b|and\b)?\s*\(?[A-J]\)?(?![\w'’-])(?!\s+(?i:is|are|was)\b)"#)

    private static let declarations = [
        #"(?i:\banswer\s*(?:is\s*:?|:|=)\s*(?:(?:option|choice|letter)\b\s*:?\s*)?)"# + letter,
        #"(?i:\b(?:option|choice)\s+is\s*:?\s*)"# + letter,
        #"(?i:<answer>\s*(?:(?:option|choice)\s+)?)"# + letter,
        letter + #"(?i:\s+is\s+(?:the\s+)?(?:only\s+)?(?:correct|right|best|answer)\b)"#,
    ].map(Pattern.init)
    private static let whole = Pattern(
        #"^\s*(?:\(\s*([A-J])\s*\)[.:]?|"# + letter + #"\s*[.:)])\s*\S[^\n]*$"#)
    private static let ends = [
        #"(?:^|\n)\s*(?i:(?:option|choice)\s+)?"# + letter + #"[\s.!)\]]*$"#,
        #"[\s:,]\(\s*([A-Ja-j])\s*\)[\s.!]*$"#,
        #"(?i:\b(?:is|be|so|thus|therefore|hence|choose|chose|pick|select|option|choice|answer|or|and)\b|[:=→,])\s*"#
            + letter
            + #"[\s.!)\]]*$"#,
    ].map(Pattern.init)
    private static let box = Pattern(
        #"^\s*(?i:(?:option|choice)\b\s*)?[\s(\[{]*([A-Ja-j])(?![\w'’-])[\s)\]}]*(?:$|[.:)].*$)"#)
    private static let boxOfSeveral = Pattern(#"^\s*\(?[A-J]\)?\s*(?:(?:,|/|&|(?i:or|and)\b)\s*\(?[A-J]\)?\s*)+$"#)

    /// Without what sets letters bold or as mathematics.
    private static func plain(_ text: String) -> String {
        var text = text.replacing("：", with: ":")
        let command = Pattern(#"\\(?:text|textbf|mathrm|mathbf|boxed)\s*\{([^{}]*)\}"#)
        for _ in 0..<4 { text = command.replacing(in: text, with: "$1") }
        return Pattern(#"[*_$`"]|\\[()\[\]]"#).replacing(in: text, with: "")
    }

    private static func inBox(_ content: String) -> ChoicePick {
        let content = plain(content)
        if boxOfSeveral.matches(content) { return .several }
        return box.last(in: content).map { .one(capital($0.text)) } ?? .none
    }

    private static func declared(in text: String) -> ChoicePick {
        let found = declarations.compactMap { $0.last(in: text) }.max { $0.letterEnd < $1.letterEnd }
        return found.map { pick($0, in: text) } ?? .none
    }

    private static func asWhole(_ text: String) -> ChoicePick {
        whole.last(in: text.trimmingCharacters(in: .whitespacesAndNewlines)).map { .one(capital($0.text)) } ?? .none
    }

    private static func atEnd(of text: String) -> ChoicePick {
        for pattern in ends {
            guard let found = pattern.last(in: text) else { continue }
            // "A or B" ends with two letters.
            let before = (text as NSString).substring(to: found.letterStart)
            return pair.matches(before) ? .several : .one(capital(found.text))
        }
        return .none
    }

    /// A letter and a word between letters at a text's end.
    private static let pair = Pattern(#"(?<![\w'’-])\(?[A-J]\)?\s*(?:,|/|&)?\s*(?i:or|and)\s*\(?$"#)

    private static func pick(_ found: Pattern.Found, in text: String) -> ChoicePick {
        let rest = (text as NSString).substring(from: found.letterEnd)
        return another.matches(rest) ? .several : .one(capital(found.text))
    }

    private static func capital(_ text: String) -> Character { Character(text.uppercased()) }
}

/// A regular expression with the letter of a pick in one of its groups.
private struct Pattern: @unchecked Sendable {
    /// A match: its letter, and where that begins and ends, in UTF-16 units.
    struct Found {
        let text: String
        let letterStart, letterEnd: Int
    }

    // `NSRegularExpression` never changes after it is made, and any thread may match with it.
    private let expression: NSRegularExpression?

    /// - Parameter pattern: of this file, so that it is one.
    init(_ pattern: String) { expression = try? NSRegularExpression(pattern: pattern) }

    func matches(_ text: String) -> Bool {
        expression?.firstMatch(in: text, range: NSRange(location: 0, length: text.utf16.count)) != nil
    }

    func last(in text: String) -> Found? {
        let whole = NSRange(location: 0, length: text.utf16.count)
        guard let match = expression?.matches(in: text, range: whole).last else { return nil }
        let group = (1..<match.numberOfRanges).map { match.range(at: $0) }.first { $0.location != NSNotFound }
        return group.map {
            Found(text: (text as NSString).substring(with: $0), letterStart: $0.location, letterEnd: $0.upperBound)
        }
    }

    func replacing(in text: String, with template: String) -> String {
        let whole = NSRange(location: 0, length: text.utf16.count)
        return expression?.stringByReplacingMatches(in: text, range: whole, withTemplate: template) ?? text
    }
}
