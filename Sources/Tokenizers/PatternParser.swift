/// Reads the part of Oniguruma's regular expressions that published pre-tokenizers use.
///
/// Hugging Face hands patterns to Oniguruma in its own syntax, so two things differ from Perl: `^` and `$` are about
/// lines, and a plus after an interval repeats it (`\p{N}{1,3}+` is `(?:\p{N}{1,3})+`). Whatever is not known here is
/// refused: a pattern that is read wrongly would change the ids of a text without anyone noticing.
struct PatternParser {
    let scalars: [Unicode.Scalar]
    let location: String
    var position = 0
    private var depth = 0
    private var ignoresCase = false

    /// Deeper groups and classes are refused before they exhaust the stack; published patterns go to 3.
    private static let deepestGroup = 100
    /// In scalars; published patterns have a few hundred.
    private static let longestPattern = 10_000

    static let supported =
        "literals, classes, \\s \\d \\w \\h \\p{general category}, ^ $ \\A \\z, groups (…) (?:…) (?i:…) (?>…), "
        + "(?=…) (?!…), | and the quantifiers ? * + {n,m}, also reluctant and possessive"

    /// - Parameter location: file and JSON path of the pattern, for errors.
    static func parse(_ pattern: String, location: String) throws -> PatternNode {
        var parser = PatternParser(scalars: Array(pattern.unicodeScalars), location: location)
        guard parser.scalars.count <= longestPattern else {
            throw TokenizerError.unsupported(
                location: location, found: "a pattern of \(parser.scalars.count) characters",
                supported: "at most \(longestPattern) characters")
        }
        let node = try parser.alternatives()
        guard parser.next == nil else { throw parser.malformed("a group to close at )") }
        return node
    }

    private init(scalars: [Unicode.Scalar], location: String) {
        self.scalars = scalars
        self.location = location
    }

    private mutating func alternatives() throws -> PatternNode {
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence() throws -> PatternNode {
        var parts: [PatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            let start = position
            let atom = try atom()
            parts.append(try quantified(atom, startingAt: start))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func atom() throws -> PatternNode {
        let start = position
        guard let scalar = advance() else { return .empty }
        switch scalar {
        case "(": return try group(startingAt: start)
        case "[":
            let set = try scalarClass()
            return .scalar(try folded(set, startingAt: start))
        case ".": return .scalar(.exceptLineFeed)
        case "^": return .boundary(.lineStart)
        case "$": return .boundary(.lineEnd)
        case "*", "+", "?": throw malformed("something to repeat before \(scalar)")
        case "\\":
            switch next {
            case "A":
                position += 1
                return .boundary(.textStart)
            case "z":
                position += 1
                return .boundary(.textEnd)
            case "w":
                position += 1
                return .scalar(.wordOutsideClass)
            case "W":
                position += 1
                return .scalar(ScalarRanges.wordOutsideClass.inverted)
            default:
                let item = try escape(startingAt: start)
                return .scalar(item.scalar == nil ? item.set : try folded(item.set, startingAt: start))
            }
        default:
            return .scalar(try folded(ScalarRanges(scalar), startingAt: start))
        }
    }

    // MARK: Groups

    private mutating func group(startingAt start: Int) throws -> PatternNode {
        let outerIgnoresCase = ignoresCase
        try enter()
        defer {
            ignoresCase = outerIgnoresCase
            depth -= 1
        }
        var wrap: (PatternNode) -> PatternNode = { $0 }
        if take("?") {
            if take("=") {
                wrap = { .lookahead($0, negated: false) }
            } else if take("!") {
                wrap = { .lookahead($0, negated: true) }
            } else if take(">") {
                wrap = { .atomic($0) }
            } else if take("i:") {
                ignoresCase = true
            } else if take("-i:") {
                ignoresCase = false
            } else if !take(":") {
                position += 1
                throw unsupported(from: start)
            }
        }
        let body = try alternatives()
        guard take(")") else { throw malformed("a closing parenthesis") }
        return wrap(body)
    }

    /// Goes one group or class deeper.
    private mutating func enter() throws {
        guard depth < Self.deepestGroup else { throw malformed("groups and classes at most \(Self.deepestGroup) deep") }
        depth += 1
    }

    // MARK: Classes

    /// The inside of `[…]`, after its opening bracket.
    private mutating func scalarClass() throws -> ScalarRanges {
        let start = position - 1
        try enter()
        defer { depth -= 1 }
        let isNegated = take("^")
        var set = ScalarRanges.empty
        while !take("]") {
            let itemStart = position
            if ["[:", "&&"].contains(text(at: position, count: 2)) {
                position += 2
                throw unsupported(from: itemStart)
            }
            guard let scalar = advance() else { throw malformed("a closing bracket for the class at offset \(start)") }
            if scalar == "[" {
                set = set.union(try scalarClass())
            } else {
                let item =
                    scalar == "\\" ? try escape(startingAt: itemStart) : (set: ScalarRanges(scalar), scalar: scalar)
                set = set.union(try range(from: item, startingAt: itemStart))
            }
        }
        guard set != .empty else { throw malformed("something between the brackets") }
        return isNegated ? set.inverted : set
    }

    /// `item`, or the range from it where a minus and another scalar follow. A minus first or last is a literal.
    private mutating func range(
        from item: (set: ScalarRanges, scalar: Unicode.Scalar?), startingAt start: Int
    ) throws -> ScalarRanges {
        guard next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else { return item.set }
        guard let lower = item.scalar else { throw unsupported(from: start, through: position + 1) }
        position += 1
        let upperStart = position
        guard let scalar = advance(), scalar != "[" else { throw unsupported(from: start) }
        let upper = scalar == "\\" ? try escape(startingAt: upperStart).scalar : scalar
        guard let upper, lower <= upper else {
            throw malformed("a range that ends after it starts, at offset \(start)")
        }
        return ScalarRanges([lower.value...upper.value])
    }

    /// What a backslash introduces: a set, and the single scalar where it is one. The backslash is already taken.
    private mutating func escape(startingAt start: Int) throws -> (set: ScalarRanges, scalar: Unicode.Scalar?) {
        guard let letter = advance() else { throw malformed("a character after the backslash") }
        switch letter {
        case "s": return (.whitespace, nil)
        case "S": return (ScalarRanges.whitespace.inverted, nil)
        case "d": return (.digits, nil)
        case "D": return (ScalarRanges.digits.inverted, nil)
        case "w": return (.word, nil)
        case "W": return (ScalarRanges.word.inverted, nil)
        case "h": return (.hexadecimalDigits, nil)
        case "H": return (ScalarRanges.hexadecimalDigits.inverted, nil)
        case "p", "P": return (try property(isNegated: letter == "P", startingAt: start), nil)
        case "t": return single("\t")
        case "n": return single("\n")
        case "r": return single("\r")
        case "f": return single("\u{0C}")
        case "v": return single("\u{0B}")
        case "a": return single("\u{07}")
        case "e": return single("\u{1B}")
        case "x", "u": return single(try codePoint(after: letter, startingAt: start))
        case _ where letter.isASCII && (letter.properties.isAlphabetic || ("0"..."9").contains(letter)):
            throw unsupported(from: start)
        default: return single(letter)
        }
    }

    private func single(_ scalar: Unicode.Scalar) -> (set: ScalarRanges, scalar: Unicode.Scalar?) {
        (ScalarRanges(scalar), scalar)
    }

    /// `\p{L}`, `\p{^L}` or `\P{L}`.
    private mutating func property(isNegated: Bool, startingAt start: Int) throws -> ScalarRanges {
        guard take("{"), let length = scalars[position...].firstIndex(of: "}") else {
            throw malformed("a property name in braces at offset \(start)")
        }
        let isInverted = take("^") != isNegated
        let name = String(String.UnicodeScalarView(scalars[position..<length]))
        position = length + 1
        guard !ignoresCase, let categories = GeneralCategoryRun.categories(named: name) else {
            throw unsupported(from: start)
        }
        let set = ScalarRanges(categories: categories)
        return isInverted ? set.inverted : set
    }

    /// `\x41`, `\x{1F600}` or `\u0041`.
    private mutating func codePoint(after letter: Unicode.Scalar, startingAt start: Int) throws -> Unicode.Scalar {
        let isBraced = letter == "x" && take("{")
        let digits = scalars[position...].prefix(isBraced ? 8 : letter == "x" ? 2 : 4)
            .prefix { $0.isASCII && $0.properties.isHexDigit }
        position += digits.count
        let isComplete = isBraced ? take("}") : letter == "x" || digits.count == 4
        let value = UInt32(String(String.UnicodeScalarView(digits)), radix: 16)
        // Without braces \x stands for a byte, which above 7F is only a part of a character.
        guard isComplete, let value, let scalar = Unicode.Scalar(value), isBraced || letter == "u" || scalar.isASCII
        else {
            throw malformed("a code point in hexadecimal at offset \(start)")
        }
        return scalar
    }

    // MARK: Case

    /// What `set`, read from offset `start` on, stands for where case may be ignored.
    private func folded(_ set: ScalarRanges, startingAt start: Int) throws -> ScalarRanges {
        guard ignoresCase else { return set }
        guard set.isASCII else { throw unsupported(from: start) }
        // Oniguruma would also match ß for ss and the ligatures ﬀ ﬁ ﬂ ﬆ for their two letters.
        let pair = text(at: start - 1, count: 2).lowercased()
        if ["ss", "st", "ff", "fi", "fl"].contains(pair) { throw unsupported(from: start - 1) }
        return set.withBothCases
    }

    // MARK: Reading

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func advance() -> Unicode.Scalar? {
        guard let scalar = next else { return nil }
        position += 1
        return scalar
    }

    mutating func take(_ token: String) -> Bool {
        guard text(at: position, count: token.unicodeScalars.count) == token else { return false }
        position += token.unicodeScalars.count
        return true
    }

    private func text(at start: Int, count: Int) -> String {
        guard start >= 0, start < scalars.count else { return "" }
        return String(String.UnicodeScalarView(scalars[start...].prefix(count)))
    }

    func text(from start: Int) -> String {
        text(at: start, count: position - start)
    }

    func malformed(_ expected: String) -> TokenizerError {
        .malformed(
            location: location, found: next.map { "\($0) at offset \(position)" } ?? "the end of the pattern",
            expected: expected)
    }

    func unsupported(from start: Int, through end: Int? = nil) -> TokenizerError {
        .unsupported(
            location: location, found: "\(text(at: start, count: (end ?? position) - start)) at offset \(start)",
            supported: Self.supported)
    }
}
