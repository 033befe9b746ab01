/// Several answers in one: a tuple, an interval, a set, a union, a matrix, or a bare list. Inequalities of one variable
/// are intervals, too: `3<x\le4` is `(3,4]`.
struct LaTeXCollection {
    let elements: [ArraySlice<String>]
    /// Brackets, which say what it is; a bare list is a set without them.
    let form: String
    /// The variable that an inequality bounds.
    private var variable: String?

    /// Inequalities of different variables are of different kinds.
    func isOfSameKind(as other: LaTeXCollection) -> Bool {
        form == other.form && (variable == nil || other.variable == nil || variable == other.variable)
    }

    var isOrdered: Bool { form != Self.set && form != Self.union }

    private static let set = "{}", union = "∪"

    /// Nil where normalised tokens are a single answer.
    init?(_ tokens: [String]) {
        let all = tokens[...]
        if let inequality = Self.inequality(all) {
            self = inequality
            return
        }
        if let matrix = Self.matrix(all) {
            let rowCount = Self.split(all.dropFirst(4).dropLast(4), "\\\\").count
            (elements, form) = (matrix, "matrix \(matrix.count / max(1, rowCount))")
            return
        }
        let parts = Self.split(all, "\\cup")
        if parts.count > 1 {
            (elements, form) = (parts, Self.union)
            return
        }
        let list = Self.split(all, ",")
        if list.count > 1 {
            (elements, form) = (list, Self.set)
            return
        }
        guard let open = all.first, let close = all.last, all.count > 2,
            Self.depths(all).dropLast().allSatisfy({ $0 > 0 })
        else { return nil }
        let inner = Self.split(all.dropFirst().dropLast(), ",")
        if open == "\\{", close == "\\}" {
            (elements, form) = (inner, Self.set)
            return
        }
        guard inner.count > 1, "([".contains(open), ")]".contains(close) else { return nil }
        (elements, form) = (inner, open + close)
    }

    private init(elements: [ArraySlice<String>], form: String, variable: String) {
        (self.elements, self.form, self.variable) = (elements, form, variable)
    }

    /// `a<x\le b`, `b\ge x>a`, `x<b` and `a<x`, of one letter.
    private static func inequality(_ tokens: ArraySlice<String>) -> LaTeXCollection? {
        let signs = zip(tokens.indices, depths(tokens)).filter {
            $1 == 0 && ["<", ">", "\\le", "\\ge"].contains(tokens[$0])
        }.map(\.0)
        guard 1...2 ~= signs.count, Set(signs.map { tokens[$0] == "<" || tokens[$0] == "\\le" }).count == 1 else {
            return nil
        }
        var parts = zip([tokens.startIndex] + signs.map { $0 + 1 }, signs + [tokens.endIndex]).map { tokens[$0..<$1] }
        var relations = signs.map { tokens[$0] }
        if relations[0] == ">" || relations[0] == "\\ge" {
            (parts, relations) = (parts.reversed(), relations.reversed())
        }
        func isVariable(_ part: ArraySlice<String>) -> Bool {
            part.count == 1 && part.first?.count == 1 && part.first?.first?.isLetter == true
        }
        if parts.count == 2 {
            guard isVariable(parts[0]) != isVariable(parts[1]) else { return nil }
            if isVariable(parts[0]) {
                (parts, relations) = ([["-", "\\infty"]] + parts, ["<"] + relations)
            } else {
                (parts, relations) = (parts + [["\\infty"]], relations + ["<"])
            }
        }
        guard isVariable(parts[1]), let variable = parts[1].first, !parts[0].isEmpty, !parts[2].isEmpty else {
            return nil
        }
        let isOpen = relations.map { $0 == "<" || $0 == ">" }
        return LaTeXCollection(
            elements: [parts[0], parts[2]], form: (isOpen[0] ? "(" : "[") + (isOpen[1] ? ")" : "]"), variable: variable)
    }

    /// The entries of `\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}`, row by row; brackets of matrices are a matter of
    /// taste.
    private static func matrix(_ tokens: ArraySlice<String>) -> [ArraySlice<String>]? {
        guard tokens.count > 8, tokens.first == "\\begin", let name = tokens.dropFirst(2).first,
            name.hasSuffix("matrix"),
            tokens.suffix(4).elementsEqual(["\\end", "{", name, "}"])
        else { return nil }
        let rows = split(tokens.dropFirst(4).dropLast(4), "\\\\").map { split($0, "&") }
        return rows.allSatisfy { $0.count == rows[0].count } ? rows.flatMap { $0 } : nil
    }

    /// The parts between separators outside of brackets.
    static func split(_ tokens: ArraySlice<String>, _ separator: String) -> [ArraySlice<String>] {
        let cuts = zip(tokens.indices, depths(tokens)).filter { $1 == 0 && tokens[$0] == separator }.map(\.0)
        return zip([tokens.startIndex] + cuts.map { $0 + 1 }, cuts + [tokens.endIndex]).map { tokens[$0..<$1] }
    }

    /// How many brackets are open behind each token. Intervals open and close with different ones, so kinds are not
    /// told apart.
    private static func depths(_ tokens: ArraySlice<String>) -> [Int] {
        var depth = 0
        return tokens.map { token in
            if ["(", "[", "{", "\\{"].contains(token) { depth += 1 }
            if [")", "]", "}", "\\}"].contains(token) { depth -= 1 }
            return depth
        }
    }
}
