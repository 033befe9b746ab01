import Foundation

/// A command line as words, without running anything: quotes and backslashes are resolved, and so are variables of the
/// environment.
struct ShellWords {
    private(set) var words: [String] = []

    init(_ command: String) {
        var word: String?
        var rest = Substring(command)
        while let sign = rest.popFirst() {
            switch sign {
            case "'":
                let end = rest.firstIndex(of: "'") ?? rest.endIndex
                word = (word ?? "") + rest[..<end]
                rest = rest[end...].dropFirst()
            case "\"":
                var quoted = word ?? ""
                while let inner = rest.popFirst(), inner != "\"" {
                    if inner == "\\", let next = rest.first, "\"\\$`".contains(next) {
                        quoted.append(rest.removeFirst())
                    } else {
                        quoted += inner == "$" ? Self.variable(&rest) : String(inner)
                    }
                }
                word = quoted
            case "\\": if let next = rest.popFirst() { word = (word ?? "") + String(next) }
            case "$": word = (word ?? "") + Self.variable(&rest)
            case "~" where word == nil && (rest.first ?? "/") == "/": word = NSHomeDirectory()
            case _ where sign.isWhitespace || ";|&<>()".contains(sign):
                if let word { words.append(word) }
                word = nil
            default: word = (word ?? "") + String(sign)
            }
        }
        if let word { words.append(word) }
    }

    /// The value of the variable whose name is in front, behind its `$`.
    private static func variable(_ rest: inout Substring) -> String {
        let isBraced = rest.first == "{"
        let name = (isBraced ? rest.dropFirst() : rest).prefix { $0.isASCIILetter || $0.isASCIIDigit || $0 == "_" }
        guard !name.isEmpty else { return "$" }
        rest = rest[name.endIndex...]
        if isBraced, rest.first == "}" { rest.removeFirst() }
        return ProcessInfo.processInfo.environment[String(name)] ?? ""
    }
}
