/// Names in front of an answer, which only repeat what is asked for: `x=5`, `x\in[0,1]`, `x=1,x=2`, `f(x)=2x` and
/// `(x,y)=(1,2)`.
enum LaTeXNames {
    /// Tokens without names: `x=1,y=2` says more than two numbers and keeps its own.
    static func withoutName(_ tokens: [String]) -> [String] {
        if let value = valueOfCall(tokens) { return value }
        guard tokens.count > 2, let name = tokens.first, name.count == 1, name.first?.isLetter == true,
            tokens[1] == "=" || tokens[1] == "\\in"
        else { return tokens }
        let starts = tokens.indices.filter { $0 == 0 || tokens[$0 - 1] == "," }.filter {
            tokens[$0...].starts(with: [name, tokens[1]])
        }
        guard starts.count == tokens.count(where: { $0 == tokens[1] }) else { return tokens }
        let dropped = Set(starts.flatMap { [$0, $0 + 1] })
        return tokens.indices.filter { !dropped.contains($0) }.map { tokens[$0] }
    }

    /// What stands behind `f(x)=` or `(x,y)=`; nil where tokens begin otherwise or equate more.
    private static func valueOfCall(_ tokens: [String]) -> [String]? {
        guard let sign = tokens.firstIndex(of: "="), tokens.count(where: { $0 == "=" }) == 1 else { return nil }
        var name = tokens[..<sign]
        if let first = name.first, isLetter(first) { name.removeFirst() }
        guard name.count >= 3, name.count % 2 == 1, name.first == "(", name.last == ")" else { return nil }
        let letters = name.dropFirst().dropLast()
        guard letters.enumerated().allSatisfy({ $0 % 2 == 0 ? isLetter($1) : $1 == "," }) else { return nil }
        return Array(tokens[(sign + 1)...])
    }

    private static func isLetter(_ token: String) -> Bool { token.count == 1 && token.first?.isLetter == true }
}
