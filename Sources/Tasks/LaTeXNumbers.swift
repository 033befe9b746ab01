/// Joins what belongs to one number, and says in which ways an answer's numbers can be read.
///
/// `100,200` is a number with a separator or a list; `2e-3` is 0.002 or twice Euler's number less 3. Both stay
/// possible.
enum LaTeXNumbers {
    /// All readings of tokens, that with the longest numbers first.
    static func readings(_ tokens: [String]) -> [[String]] {
        let spaced = joined(tokens, separator: " ")
        var readings: [[String]] = []
        for base in [joined(spaced, separator: ","), spaced] {
            for reading in [scientific(base), base] where !readings.contains(reading) { readings.append(reading) }
        }
        return readings
    }

    /// Groups of three digits behind `separator`, or behind `{,}`, join the number before them. In brackets a comma
    /// separates elements.
    private static func joined(_ tokens: [String], separator: String) -> [String] {
        var out: [String] = []
        var place = 0, depth = 0, hasJoined = false
        while place < tokens.count {
            let isBraced = tokens[place...].starts(with: ["{", ",", "}"])
            let next = place + (isBraced ? 3 : 1)
            let isSeparator = isBraced || tokens[place] == separator && (separator == " " || depth == 0)
            if isSeparator, next < tokens.count, let last = out.last, isGroup(tokens[next]),
                hasJoined || isFirstGroup(last, before: out.dropLast().last),
                !isNumeratorBehindSpace(tokens, next, separator)
            {
                out[out.count - 1] += tokens[next]
                hasJoined = true
                place = next + 1
                continue
            }
            if ["(", "[", "\\{"].contains(tokens[place]) { depth += 1 }
            if [")", "]", "\\}"].contains(tokens[place]) { depth -= 1 }
            hasJoined = false
            out.append(tokens[place])
            place += 1
        }
        return out
    }

    /// One to three digits that are no argument without braces: `\frac12` is no 12.
    private static func isFirstGroup(_ token: String, before: String?) -> Bool {
        token.isWhole && token.count <= 3 && !["\\frac", "\\binom", "\\sqrt", "^", "_"].contains(before ?? "")
    }

    /// Three digits, and decimals perhaps.
    private static func isGroup(_ token: String) -> Bool {
        token.first?.isASCIIDigit == true && token.prefix { $0 != "." }.count == 3
    }

    /// `1 100/200` is a mixed number.
    private static func isNumeratorBehindSpace(_ tokens: [String], _ place: Int, _ separator: String) -> Bool {
        separator == " " && place + 1 < tokens.count && tokens[place + 1] == "/"
    }

    /// `1.5e-3`, written without spaces, is one number.
    private static func scientific(_ tokens: [String]) -> [String] {
        var out: [String] = []
        var place = 0
        while place < tokens.count {
            var end = place + 2
            if end < tokens.count, tokens[place].first?.isASCIIDigit == true, ["e", "E"].contains(tokens[place + 1]) {
                let sign = ["-", "+"].contains(tokens[end]) ? tokens[end] : ""
                end += sign.isEmpty ? 0 : 1
                if end < tokens.count, tokens[end].isWhole {
                    out.append(tokens[place] + "e" + sign + tokens[end])
                    place = end + 1
                    continue
                }
            }
            out.append(tokens[place])
            place += 1
        }
        return out
    }
}

extension String {
    /// Whether it is one digit or more, and nothing else.
    var isWhole: Bool { !isEmpty && allSatisfy(\.isASCIIDigit) }
}
