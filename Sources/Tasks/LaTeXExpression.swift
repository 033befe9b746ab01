import Foundation

/// Evaluates normalised LaTeX: sums, products (written or not), fractions, powers, roots, factorials, binomials, mixed
/// and repeating numbers, absolute values, logarithms and angles' functions (``LaTeXFunction``), π, e and i.
///
/// Other single letters are variables. Each has a fixed value without pattern, so that `2x+1` and `1+2x` agree and
/// different expressions do not but by a coincidence of eleven digits.
struct LaTeXExpression {
    private var rest: ArraySlice<String>
    /// How many groups and functions stand around the place, for the stack's sake, and how many of them are `|…|`.
    private var depth = 0, barDepth = 0

    private init(rest: ArraySlice<String>) { self.rest = rest }

    /// Nil for what is no such expression, and for what cannot be held exactly.
    static func value(_ tokens: [String]) -> LaTeXValue? {
        var reader = LaTeXExpression(rest: tokens[...])
        let value = reader.sum()
        return reader.rest.isEmpty ? value : nil
    }

    private mutating func sum() -> LaTeXValue? {
        var total = product()
        while let sign = rest.first, sign == "+" || sign == "-" {
            rest.removeFirst()
            guard let term = product(), let signed = sign == "-" ? term.negated : term else { return nil }
            total = total?.plus(signed)
        }
        return total
    }

    private mutating func product() -> LaTeXValue? {
        var total = factor()
        while let next = rest.first, total != nil {
            switch next {
            case "*", "\\cdot", "\\times":
                rest.removeFirst()
                guard let right = factor() else { return nil }
                total = total?.times(right)
            case "/", "\\div":
                rest.removeFirst()
                guard let right = factor() else { return nil }
                total = total?.divided(by: right)
            case "+", "-", ")", "}", "]": return total
            case "|" where barDepth > 0: return total
            default:
                // Two numbers side by side are no product.
                guard next.first?.isASCIIDigit == false, let right = factor() else { return nil }
                total = total?.times(right)
            }
        }
        return total
    }

    private mutating func factor() -> LaTeXValue? {
        var isNegative = false
        while let sign = rest.first, sign == "-" || sign == "+" {
            rest.removeFirst()
            if sign == "-" { isNegative.toggle() }
        }
        guard let value = power() else { return nil }
        return isNegative ? value.negated : value
    }

    private mutating func power() -> LaTeXValue? {
        guard var value = atom() else { return nil }
        if rest.first == "^" {
            rest.removeFirst()
            guard let exponent = group("{", "}"), let power = value.power(exponent) else { return nil }
            value = power
        }
        if rest.first == "!" {
            rest.removeFirst()
            guard let whole = value.exact, whole.denominator == 1, 0...33 ~= whole.numerator else { return nil }
            var factorial = Rational(1)
            for k in 0..<whole.numerator { factorial = Rational(k + 1).flatMap { factorial?.times($0) } }
            guard let factorial else { return nil }
            value = LaTeXValue(factorial)
        }
        return value
    }

    private mutating func atom() -> LaTeXValue? {
        guard let token = rest.first else { return nil }
        if token == "(" { return group("(", ")") }
        if token == "{" { return group("{", "}") }
        if token == "|" { return absolute() }
        rest.removeFirst()
        if let function = LaTeXFunction(rawValue: token) { return apply(function) }
        switch token {
        case "\\pi": return LaTeXValue(.pi)
        case "i": return LaTeXValue(0, 1)
        case "e": return LaTeXValue(exp(1))
        case "\\binom":
            guard let above = group("{", "}")?.exact, let below = group("{", "}")?.exact else { return nil }
            return Rational.binomial(above, below).map { LaTeXValue($0) }
        case "\\frac":
            guard let above = group("{", "}"), let below = group("{", "}") else { return nil }
            return above.divided(by: below)
        case "\\sqrt":
            var degree = 2
            if rest.first == "[" {
                guard let written = group("[", "]")?.exact, written.denominator == 1,
                    let whole = Int(exactly: written.numerator)
                else { return nil }
                degree = whole
            }
            return group("{", "}")?.root(degree)
        case _ where token.first?.isASCIIDigit == true:
            if let end = repeatingEnd { return repeating(token, end) }
            guard let number = Rational(decimal: token) else { return nil }
            guard let part = mixedPart(behind: number) else { return LaTeXValue(number) }
            return number.plus(part).map { LaTeXValue($0) }
        case _ where token.count == 1 && token.first?.isASCIILetter == true:
            let code = Double(token.utf8.first ?? 0), noise = sin(code * 12.9898) * 43758.5453
            return LaTeXValue(0.5 + noise - noise.rounded(.down))
        default: return nil
        }
    }

    /// `3\frac{1}{2}` is a mixed number where all its parts are written in digits; nil where no such fraction follows.
    private mutating func mixedPart(behind whole: Rational) -> Rational? {
        let next = Array(rest.prefix(7))
        guard whole.denominator == 1, next.count == 7,
            next[0] == "\\frac", next[1] == "{", next[3] == "}", next[4] == "{", next[6] == "}",
            let above = Int128(next[2]), let below = Int128(next[5]), let part = Rational(above, below)
        else { return nil }
        rest = rest.dropFirst(7)
        return part
    }

    /// Where the digits that repeat stand behind a number, as in `0.1\overline{6}`.
    private var repeatingEnd: ArraySlice<String>? {
        let next = rest.first == "." ? rest.dropFirst() : rest
        guard next.count >= 4, next.first == "\\overline", next.dropFirst().first == "{",
            next.dropFirst(2).first?.isWhole == true,
            next.dropFirst(3).first == "}"
        else { return nil }
        return next.dropFirst(2)
    }

    private mutating func repeating(_ number: String, _ digits: ArraySlice<String>) -> LaTeXValue? {
        guard number.contains(".") != (rest.first == "."), let period = digits.first,
            let start = Rational(decimal: number),
            let repeated = Int128(period), let minusOne = Rational(-1),
            let nines = Rational.powerOfTen(period.count)?.plus(minusOne),
            let scale = Rational.powerOfTen(number.contains(".") ? number.drop { $0 != "." }.count - 1 : 0),
            let size = nines.times(scale)?.inverse, let part = Rational(repeated)?.times(size)
        else { return nil }
        rest = digits.dropFirst(2)
        return start.plus(part).map { LaTeXValue($0) }
    }

    /// `|…|` of numbers; that of variables depends on their sign.
    private mutating func absolute() -> LaTeXValue? {
        let all = rest
        barDepth += 1
        defer { barDepth -= 1 }
        guard let value = group("|", "|"), !all[..<rest.startIndex].contains(where: isVariable) else { return nil }
        if let exact = value.exact { return exact.numerator < 0 ? value.negated : value }
        return LaTeXValue(value.magnitude)
    }

    private func isVariable(_ token: String) -> Bool {
        token.count == 1 && token.first?.isASCIILetter == true && token != "i" && token != "e"
    }

    /// A function's exponent, then its argument: a group, or factors up to the next sign, point or function, as in `\ln
    /// 2x`.
    private mutating func apply(_ named: LaTeXFunction) -> LaTeXValue? {
        var function = named
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { return nil }
        var base: LaTeXValue?, exponent: LaTeXValue?
        if function == .log, rest.first == "_" {
            rest.removeFirst()
            base = group("{", "}")
            guard base != nil else { return nil }
        }
        if rest.first == "^" {
            rest.removeFirst()
            exponent = group("{", "}")
            guard let whole = exponent?.exact else { return nil }
            if whole == Rational(-1), let inverse = function.inverse {
                (function, exponent) = (inverse, nil)
            } else if whole.numerator <= 0 {
                return nil
            }
        }
        let argument: LaTeXValue?
        if let first = rest.first, first == "(" || first == "{" {
            argument = group(first, first == "(" ? ")" : "}")
        } else {
            argument = argumentWithoutBrackets()
        }
        guard let argument, let value = function.value(argument, base: base) else { return nil }
        return exponent.map { value.power($0) } ?? value
    }

    private mutating func argumentWithoutBrackets() -> LaTeXValue? {
        var total = rest.first == "-" ? factor() : power()
        while let next = rest.first, total != nil,
            !["+", "-", "*", "/", ")", "]", "}", "|", "\\cdot", "\\times", "\\div"].contains(next),
            LaTeXFunction(rawValue: next) == nil
        {
            guard next.first?.isASCIIDigit == false, let right = power() else { return nil }
            total = total?.times(right)
        }
        return total
    }

    private mutating func group(_ open: String, _ close: String) -> LaTeXValue? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest, rest.popFirst() == open, let value = sum(), rest.popFirst() == close else {
            return nil
        }
        return value
    }

    /// Groups in groups that a task's small stack surely holds.
    private static let deepest = 110
}
