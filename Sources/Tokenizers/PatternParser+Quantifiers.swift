// What may follow an atom: ? * + and intervals, one behind the other.

extension PatternParser {
    /// Each quantifier of one atom is a level of the tree, too; published patterns have at most 2 in a row.
    private static let mostQuantifiers = 8

    /// Oniguruma's limit.
    private static let longestInterval = 100_000

    /// The atom, repeated as the quantifiers behind it say.
    ///
    /// - Parameter start: where the atom begins, for errors.
    mutating func quantified(_ atom: PatternNode, startingAt start: Int) throws -> PatternNode {
        var node = atom
        var quantifierCount = 0
        while let (count, isInterval) = try quantifier() {
            quantifierCount += 1
            guard quantifierCount <= Self.mostQuantifiers else {
                throw TokenizerError.unsupported(
                    location: location,
                    found: "more than \(Self.mostQuantifiers) quantifiers in a row at offset \(start)",
                    supported: "at most \(Self.mostQuantifiers) quantifiers of one thing")
            }
            var preference = RepetitionPreference.greedy
            if !isInterval, take("+") {
                preference = .possessive
            } else if take("?") {
                // Oniguruma reads {n}? as "n times or not at all", a third meaning that nobody uses.
                if isInterval, count.lowerBound == count.upperBound { throw unsupported(from: start) }
                preference = .reluctant
            }
            if case .boundary = atom { throw unsupported(from: start) }
            if case .lookahead = atom { throw unsupported(from: start) }
            if count.upperBound == PatternNode.unbounded, node.canBeEmpty {
                throw TokenizerError.unsupported(
                    location: location,
                    found: "\(text(from: start)) at offset \(start), which repeats something that can be empty",
                    supported: "unbounded repetition of what takes at least one character")
            }
            node = .repeated(node, count: count, preference: preference)
        }
        return node
    }

    private mutating func quantifier() throws -> (count: ClosedRange<Int>, isInterval: Bool)? {
        if take("*") { return (0...PatternNode.unbounded, false) }
        if take("+") { return (1...PatternNode.unbounded, false) }
        if take("?") { return (0...1, false) }
        // A brace that opens no interval is a literal, and is left for the next atom.
        let start = position
        guard take("{") else { return nil }
        let lower = number()
        let hasComma = take(",")
        let upper = hasComma ? number() : lower
        guard lower != nil || upper != nil, take("}") else {
            position = start
            return nil
        }
        let (minimum, maximum) = (lower ?? 0, upper ?? PatternNode.unbounded)
        guard minimum <= maximum, max(minimum, upper ?? 0) <= Self.longestInterval else {
            throw malformed("an interval of two rising numbers up to \(Self.longestInterval)")
        }
        return (minimum...maximum, true)
    }

    private mutating func number() -> Int? {
        let digits = scalars[position...].prefix { ("0"..."9").contains($0) }
        position += digits.count
        // What no Int holds is too large for an interval, too.
        return digits.isEmpty ? nil : Int(String(String.UnicodeScalarView(digits))) ?? .max
    }
}
