/// The candidate that a mistyped word most likely meant, for "did you mean …?".
///
/// A candidate counts where at most half of its letters differ, or where the word is its beginning; case does not
/// matter. The fewest edits win, then the earliest candidate.
///
/// - Returns: nil where no candidate is near.
public func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
    // Nobody mistypes so much, and comparing takes the square of the length.
    guard word.utf8.count <= 200 else { return nil }
    let letters = Array(word.lowercased())
    var best: (candidate: String, edits: Int)?
    for candidate in candidates {
        let others = Array(candidate.lowercased())
        let edits = editDistance(letters, others)
        let isBeginning = letters.count >= 2 && others.starts(with: letters)
        guard isBeginning || edits * 2 <= max(letters.count, others.count) else { continue }
        if edits < best?.edits ?? .max { best = (candidate, edits) }
    }
    return best?.candidate
}

/// Edits that turn one sequence into the other: an insertion, a deletion, a replacement, or an exchange of two
/// neighbours each count one (optimal string alignment).
func editDistance<Element: Equatable>(_ a: [Element], _ b: [Element]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var edits = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { edits = min(edits, beforePrevious[j - 1] + 1) }
            row.append(edits)
        }
        (beforePrevious, previous) = (previous, row)
    }
    return previous[b.count]
}
