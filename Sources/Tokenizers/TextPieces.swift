/// A text, cut: UTF-8 bytes and the ranges of its pieces, in order and none empty.
struct TextPieces {
    private(set) var text: [UInt8]
    private(set) var ranges: [Range<Int>]
    /// Whether the first piece is the beginning of the whole text, which added tokens may have cut before.
    private(set) var isBeginning: Bool

    init(_ text: [UInt8], isBeginning: Bool = true) {
        self.text = text
        self.isBeginning = isBeginning
        ranges = text.isEmpty ? [] : [0..<text.count]
    }

    /// Cuts every piece at the matches of a pattern, which sees one piece at a time.
    ///
    /// - Parameter isInverted: takes what lies between the matches for the matches.
    /// - Throws: `TokenizerError.tooManySteps` for a pattern that does not come to an end; the pieces are then as
    ///   before.
    mutating func split(
        by pattern: PatternProgram, behavior: SplitBehavior, isInverted: Bool, matcher: inout PatternMatcher
    ) throws(TokenizerError) {
        var pieces: [Range<Int>] = []
        var spans: [SplitBehavior.Span] = []
        for piece in ranges {
            spans.removeAll(keepingCapacity: true)
            var end = piece.lowerBound
            try matcher.forEachMatch(of: pattern, in: text, range: piece) { match in
                if end < match.lowerBound { spans.append((end..<match.lowerBound, isInverted)) }
                spans.append((match, !isInverted))
                end = match.upperBound
            }
            if end < piece.upperBound { spans.append((end..<piece.upperBound, isInverted)) }
            behavior.append(spans, to: &pieces)
        }
        if pieces.first?.lowerBound != ranges.first?.lowerBound { isBeginning = false }
        ranges = pieces
    }

    /// Replaces every piece by what `write` appends for it; it is told of the piece that begins the whole text.
    mutating func rewrite(
        _ write: (_ piece: ArraySlice<UInt8>, _ isBeginning: Bool, _ text: inout [UInt8]) -> Void
    ) {
        var rewritten: [UInt8] = []
        rewritten.reserveCapacity(text.count + text.count / 2)
        for index in ranges.indices {
            let start = rewritten.count
            write(text[ranges[index]], isBeginning && index == 0, &rewritten)
            ranges[index] = start..<rewritten.count
        }
        text = rewritten
    }
}

/// What becomes of the matches of a `Split`. In "the-final--countdown", with "-" for the pattern:
enum SplitBehavior: Sendable {
    /// the · - · final · - · - · countdown
    case isolated
    /// the · final · countdown
    case removed
    /// the- · final- · - · countdown
    case mergedWithPrevious
    /// the · -final · - · -countdown
    case mergedWithNext
    /// the · - · final · -- · countdown
    case contiguous

    typealias Span = (range: Range<Int>, isMatch: Bool)

    init(_ node: JSONNode) throws {
        switch try node.string() {
        case "Isolated": self = .isolated
        case "Removed": self = .removed
        case "MergedWithPrevious": self = .mergedWithPrevious
        case "MergedWithNext": self = .mergedWithNext
        case "Contiguous": self = .contiguous
        default: throw node.unexpected("Isolated, Removed, MergedWithPrevious, MergedWithNext or Contiguous")
        }
    }

    /// Appends the pieces that `spans`, which cover a piece without gaps, become. Empty ones are left out.
    func append(_ spans: [Span], to pieces: inout [Range<Int>]) {
        switch self {
        case .isolated:
            for span in spans where !span.range.isEmpty { pieces.append(span.range) }
        case .removed:
            for span in spans where !span.isMatch && !span.range.isEmpty { pieces.append(span.range) }
        case .mergedWithPrevious:
            pieces += merged(spans) { isMatch, previousIsMatch in isMatch && !previousIsMatch }
        case .mergedWithNext:
            pieces += merged(spans.reversed()) { isMatch, previousIsMatch in isMatch && !previousIsMatch }.reversed()
        case .contiguous:
            pieces += merged(spans) { isMatch, previousIsMatch in isMatch == previousIsMatch }
        }
    }

    /// Joins a span to the one before it where `joins` says so; the first one has a non-match before it.
    private func merged(
        _ spans: [Span], where joins: (_ isMatch: Bool, _ previousIsMatch: Bool) -> Bool
    ) -> [Range<Int>] {
        var merged: [Range<Int>] = []
        var previousIsMatch = false
        for span in spans {
            if joins(span.isMatch, previousIsMatch), let last = merged.popLast() {
                merged.append(min(last.lowerBound, span.range.lowerBound)..<max(last.upperBound, span.range.upperBound))
            } else {
                merged.append(span.range)
            }
            previousIsMatch = span.isMatch
        }
        return merged.filter { !$0.isEmpty }
    }
}
