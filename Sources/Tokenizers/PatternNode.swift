/// A pre-tokenization pattern as a tree: what `PatternParser` reads and `PatternProgram` compiles.
indirect enum PatternNode: Sendable {
    /// One scalar of a set.
    case scalar(ScalarRanges)
    case sequence([PatternNode])
    /// The first alternative that leads to a match wins.
    case alternatives([PatternNode])
    case repeated(PatternNode, count: ClosedRange<Int>, preference: RepetitionPreference)
    /// Once matched, never entered again: `(?>…)`, and what a possessive quantifier makes.
    case atomic(PatternNode)
    /// Looks at what follows and consumes nothing.
    case lookahead(PatternNode, negated: Bool)
    case boundary(PatternBoundary)

    static let empty = PatternNode.sequence([])

    /// The upper bound of `*`, `+` and `{n,}`.
    static let unbounded = Int.max

    /// The pattern that matches `text` and nothing else.
    init(matching text: String) {
        self = .sequence(text.unicodeScalars.map { .scalar(ScalarRanges($0)) })
    }

    var canBeEmpty: Bool {
        switch self {
        case .scalar: false
        case .sequence(let parts): parts.allSatisfy(\.canBeEmpty)
        case .alternatives(let branches): branches.contains(where: \.canBeEmpty)
        case .repeated(let body, let count, _): count.lowerBound == 0 || body.canBeEmpty
        case .atomic(let body): body.canBeEmpty
        case .lookahead, .boundary: true
        }
    }

    /// The scalars that a non-empty match can start with.
    var firstScalars: ScalarRanges {
        switch self {
        case .scalar(let set): set
        case .sequence(let parts):
            parts.prefix(1 + (parts.firstIndex { !$0.canBeEmpty } ?? parts.count))
                .reduce(.empty) { $0.union($1.firstScalars) }
        case .alternatives(let branches): branches.reduce(.empty) { $0.union($1.firstScalars) }
        case .repeated(let body, _, _): body.firstScalars
        case .atomic(let body): body.firstScalars
        case .lookahead, .boundary: .empty
        }
    }
}

enum RepetitionPreference: Sendable {
    /// As often as possible, then less.
    case greedy
    /// As rarely as possible, then more.
    case reluctant
    /// As often as possible, and never less.
    case possessive
}

enum PatternBoundary: Sendable {
    case lineStart, lineEnd, textStart, textEnd
}
