/// Signs that stand for two: `\pm 3` is the list `3,-3`.
enum LaTeXSigns {
    /// Tokens with each `\pm` and `\mp` written out. An element of a list or set becomes several; anything else becomes
    /// a list.
    ///
    /// `\pm` are independent of each other, but linked to each other and to `\mp` where both occur. More than three in
    /// one element stay as they are.
    static func written(_ tokens: [String]) -> [String] {
        guard tokens.contains("\\pm") || tokens.contains("\\mp") else { return tokens }
        let isSet = tokens.first == "\\{" && tokens.last == "\\}"
        let elements = LaTeXCollection.split(isSet ? tokens.dropFirst().dropLast() : tokens[...], ",")
        let list = elements.flatMap { versions(Array($0)) }.joined(separator: [","])
        return isSet ? ["\\{"] + list + ["\\}"] : Array(list)
    }

    /// `+3` is `3`.
    static func withoutPlus(_ tokens: ArraySlice<String>) -> [String] {
        Array(tokens.first == "+" ? tokens.dropFirst() : tokens)
    }

    private static func versions(_ tokens: [String]) -> [[String]] {
        let places = tokens.indices.filter { tokens[$0] == "\\pm" || tokens[$0] == "\\mp" }
        let isLinked = Set(places.map { tokens[$0] }).count == 2
        guard !places.isEmpty, isLinked || places.count <= 3 else { return [tokens] }
        return (0..<(isLinked ? 2 : 1 << places.count)).map { choice in
            var version = tokens
            for (number, place) in places.enumerated() {
                let isMinus = (choice >> (isLinked ? 0 : number)) & 1 == 1
                version[place] = isMinus == (tokens[place] == "\\pm") ? "-" : "+"
            }
            return withoutPlus(version[...])
        }
    }
}
