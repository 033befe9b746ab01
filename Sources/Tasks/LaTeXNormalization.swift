/// Brings LaTeX tokens into one form: arguments of `\frac`, `\sqrt`, `^` and `_` stand in braces, text commands are
/// gone, and so are spaces, degree signs, `x=` in front and punctuation behind. Units and text at the end stand apart.
struct LaTeXNormalization {
    private var rest: ArraySlice<String>
    private var ending: [String] = []
    /// The token before the one that is read.
    private var previous = ""

    /// What stands in front of the ending, and the ending in its canonical form, empty where there is none.
    static func normal(_ tokens: [String]) -> (tokens: [String], ending: [String]) {
        var reader = LaTeXNormalization(rest: withoutBraces(tokens)[...])
        var normal = reader.read(isOuter: true)
        trimEnd(&normal)
        if let first = normal.first, ["+", "\\approx", "="].contains(first) { normal.removeFirst() }
        normal = LaTeXNames.withoutName(withoutBraces(normal))
        return (normal == ["\\{", "\\}"] ? ["\\emptyset"] : normal, LaTeXUnits.canonical(reader.ending))
    }

    /// Models write boxes without end: what is too long or nested too deeply for the stack is compared as text alone.
    static func isManageable(_ tokens: [String]) -> Bool {
        var depth = 0, deepest = 0
        for token in tokens {
            if ["{", "(", "[", "\\{"].contains(token) { depth += 1 }
            if ["}", ")", "]", "\\}"].contains(token) { depth -= 1 }
            deepest = max(deepest, depth)
        }
        return tokens.count <= 1000 && deepest <= 40
            && tokens.count { $0 == "\\frac" || $0 == "\\sqrt" || $0 == "\\binom" } <= 60
    }

    /// Without braces around the whole.
    private static func withoutBraces(_ tokens: [String]) -> [String] {
        var inner = tokens[...]
        func trim() {
            while let last = inner.last, [" ", ".", ",", ";", ":"].contains(last) { inner.removeLast() }
            while inner.first == " " { inner.removeFirst() }
        }
        trim()
        while inner.first == "{", inner.last == "}" {
            var depth = 0
            for (place, token) in zip(inner.indices, inner) {
                depth += token == "{" ? 1 : token == "}" ? -1 : 0
                if depth == 0, place < inner.endIndex - 1 { return Array(inner) }
            }
            guard depth == 0 else { break }
            inner = inner.dropFirst().dropLast()
            trim()
        }
        return Array(inner)
    }

    private static func trimEnd(_ tokens: inout [String]) {
        while let last = tokens.last, [" ", ".", ",", ";", ":"].contains(last) { tokens.removeLast() }
    }

    private init(rest: ArraySlice<String>) { self.rest = rest }

    /// Reads to the end, or to the brace that closes a group.
    private mutating func read(isOuter: Bool) -> [String] {
        var out: [String] = [], above: [String]?
        while let token = rest.popFirst() {
            let before = previous
            previous = token
            switch token {
            case "}" where !isOuter: return Self.over(above, out)
            case "\\over" where above == nil: (above, out) = (out, [])
            case "." where isIdlePoint(behind: out.last): continue
            case " ": appendMixedNumber(&out)
            case "\\frac", "\\binom": out += [token] + argument() + argument()
            case "\\sqrt":
                out.append(token)
                skipSpace()
                if rest.first == "[", let end = rest.firstIndex(of: "]") {
                    out += rest[...end].filter { $0 != " " }
                    rest = rest[(end + 1)...]
                }
                out += argument()
            case "^", "_":
                let script = argument()
                if token == "^", script == ["{", "\\circ", "}"] {
                    if isOuter, let scale = temperatureScale { (ending, rest) = (["degree", " ", scale], []) }
                    continue
                }
                out += [token] + script
            case "{":
                let group = read(isOuter: false)
                if !group.isEmpty { out += ["{"] + group + ["}"] }
            case "or" where isOuter && !out.isEmpty, "and" where isOuter && !out.isEmpty: appendComma(&out)
            case _ where Self.textCommands.contains(token) || Self.fontCommands.contains(token):
                appendText(&out, isOuter: isOuter, command: token, isBehindSpace: before == " ")
            case _ where isOuter && LaTeXUnits.isWord(token) && isNumeric(out.last) && isAtEnd(): end(with: [token])
            default: out.append(token == ";" ? "," : token)
            }
        }
        return Self.over(above, out)
    }

    /// `{3 \over 4}` is a fraction; TeX takes all of the group that stands before it, and all behind it.
    private static func over(_ above: [String]?, _ below: [String]) -> [String] {
        above.map { ["\\frac", "{"] + $0 + ["}", "{"] + below + ["}"] } ?? below
    }

    /// The point of `1., 2.`: behind a whole number, and before neither digits nor `\overline`.
    private func isIdlePoint(behind number: String?) -> Bool {
        guard number?.isWhole == true else { return false }
        guard let next = rest.prefix(2).first(where: { $0 != " " }) else { return true }
        return next.first?.isASCIIDigit != true && next != "." && next != "\\overline"
    }

    /// C or F where nothing else follows a degree sign, in a font or not.
    private var temperatureScale: String? {
        let words = rest.filter {
            ![" ", "{", "}", ".", ","].contains($0) && !Self.textCommands.contains($0)
                && !Self.fontCommands.contains($0)
        }
        return words == ["C"] || words == ["F"] ? words.first : nil
    }

    /// Takes the rest, a power of a unit at most, as the answer's ending.
    private mutating func end(with words: [String]) {
        ending = words + rest
        rest = []
    }

    private func appendComma(_ out: inout [String]) { if out.last != "," { out.append(",") } }

    /// `7 3/4`: its space is an addition.
    private mutating func appendMixedNumber(_ out: inout [String]) {
        guard let whole = out.last, whole.isWhole, rest.count >= 3 else { return }
        let next = Array(rest.prefix(3))
        guard next[0].isWhole, next[1] == "/", next[2].isWhole else { return }
        out += ["\\frac", "{", next[0], "}", "{", next[2], "}"]
        rest = rest.dropFirst(3)
    }

    private mutating func skipSpace() { while rest.first == " " { rest.removeFirst() } }

    /// The argument of a command in braces: a group, a command with its own arguments, a word, or one digit of a
    /// number.
    private mutating func argument() -> [String] {
        skipSpace()
        guard let token = rest.popFirst() else { return ["{", "}"] }
        previous = ""
        if token == "{" { return ["{"] + read(isOuter: false) + ["}"] }
        if token == "\\frac" || token == "\\binom" { return ["{", token] + argument() + argument() + ["}"] }
        if token == "\\sqrt" { return ["{", token] + argument() + ["}"] }
        if token == "-", let next = rest.popFirst() { return ["{", "-", next, "}"] }
        if let first = token.first, first.isASCIIDigit || first.isLetter, token.count > 1 {
            rest = [String(token.dropFirst())] + rest
            return ["{", String(first), "}"]
        }
        return ["{", token, "}"]
    }

    /// `\text{…}`: the ending where it ends an answer, a comma where it says "and" or "or", else its words. A single
    /// letter in a font is a symbol; as a unit it stands in `\text`, or in `\mathrm` behind a space.
    private mutating func appendText(_ out: inout [String], isOuter: Bool, command: String, isBehindSpace: Bool) {
        skipSpace()
        guard rest.first == "{" else { return }
        rest.removeFirst()
        let written = rest
        let words = read(isOuter: false)
        if words == ["and"] || words == ["or"] { return appendComma(&out) }
        let isSymbol =
            words.count == 1 && words[0].count == 1 && words[0].first?.isLetter == true
            && !(LaTeXUnits.letters.contains(words[0]) && isNumeric(out.last)
                && (Self.textCommands.contains(command) || command == "\\mathrm" && isBehindSpace))
        if isOuter, !out.isEmpty, !isSymbol, isAtEnd(), words.first.map(isNumeric) != true {
            return end(with: Array(written.dropLast(rest.count)))
        }
        out += words
    }

    /// Nothing follows but a power of a unit, `^2`.
    private func isAtEnd() -> Bool {
        let power = rest.filter { ![" ", "{", "}", ".", ","].contains($0) }
        return power.isEmpty || power.count == 2 && power[0] == "^" && power[1].isWhole
    }

    private func isNumeric(_ token: String?) -> Bool {
        token == "}" || token?.first?.isASCIIDigit == true || token == "\\pi"
    }

    private static let textCommands: Set<String> = ["\\text", "\\textrm", "\\mbox", "\\hbox"]
    private static let fontCommands: Set<String> = [
        "\\textbf", "\\textit", "\\textsf", "\\mathrm", "\\mathbf", "\\mathit", "\\mathsf", "\\mathbb", "\\mathcal",
        "\\mathfrak",
        "\\mathscr", "\\boldsymbol", "\\bm", "\\operatorname", "\\underline",
    ]
}
