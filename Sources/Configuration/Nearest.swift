/// The name that a mistyped one most likely meant; nil where none is near. Case, `_` and `-` do not matter, so that
/// `top_p` means `topP`; beyond that at most half of the letters may differ.
package func nearest(to word: String, in names: [String]) -> String? {
    // Nobody mistypes so much, and comparing takes the square of the length.
    guard word.utf8.count <= 200 else { return nil }
    func letters(_ name: String) -> [Character] { Array(name.lowercased().filter { $0 != "_" && $0 != "-" }) }
    let wanted = letters(word)
    let ranked = names.map { name in
        let candidate = letters(name)
        // Letters to take out and to put in.
        let changes = wanted.difference(from: candidate).count
        return (name: name, changes: changes, isNear: 2 * changes <= wanted.count + candidate.count)
    }
    return ranked.filter(\.isNear).min { $0.changes < $1.changes }?.name
}

/// A name from a file as a message shows it: on one line, cut after 60 characters.
package func shortened(_ name: String) -> String {
    let line = name.prefix(60).split(whereSeparator: \.isNewline).joined(separator: "\\n")
    return name.count > 60 ? line + "…" : line
}
