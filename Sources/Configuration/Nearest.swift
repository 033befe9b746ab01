/// The name that a mistyped one most likely meant; nil where none is near. Case, `_` and `-` do not matter, so that
/// `top_p` means `topP`; beyond that at most half of the letters may differ.
package func nearest(to word: String, in names: [String]) -> String? {
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
