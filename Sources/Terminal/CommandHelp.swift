extension Command {
    /// The text of `--help`, no line longer than `width` as far as its words allow.
    ///
    /// - Parameters:
    ///   - path: full name of the command.
    ///   - width: columns of the terminal.
    func helpText(path: String, width: Int) -> String {
        var sections = [wrap("\(path): \(summary)", to: width), wrap(usageWords(path), to: width, hang: 4)]
        let rows = positionals.map { ($0.name, $0.help) }
        if !subcommands.isEmpty {
            let table = Self.table(subcommands.map { ($0.name, $0.summary) }, width: width)
            sections.append(["subcommands:"] + table)
            sections.append(wrap("'\(path) SUBCOMMAND --help' tells the flags of each.", to: width))
        }
        if !rows.isEmpty { sections.append(["arguments:"] + Self.table(rows, width: width)) }
        sections.append(["flags:"] + Self.table(flags.map { ($0.form, $0.helpWithPresence) }, width: width))
        return sections.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
    }

    private func usageWords(_ path: String) -> [String] {
        if !subcommands.isEmpty { return ["usage:", path, "SUBCOMMAND", "…"] }
        return ["usage:", path]
            + flags.map { $0.isRequired ? $0.form : "[\($0.form)\($0.isRepeatable ? " …" : "")]" }
            + positionals.map { positional in
                switch positional.presence {
                case .required: positional.name
                case .optional: "[\(positional.name)]"
                case .rest: "[\(positional.name) …]"
                }
            }
    }

    /// Names to the left, explanations to the right in a column of their own; a name that is too long for its
    /// column has a line of its own.
    private static func table(_ rows: [(name: String, text: String)], width: Int) -> [String] {
        let widest = min(26, max(8, width / 3))
        let column = (rows.map(\.name.count).filter { $0 <= widest }.max() ?? widest) + 4
        return rows.flatMap { row -> [String] in
            let lines = wrap(row.text, to: max(width - column, 16)).map { String(repeating: " ", count: column) + $0 }
            guard row.name.count + 4 <= column, let first = lines.first else { return ["  " + row.name] + lines }
            return ["  " + row.name + first.dropFirst(2 + row.name.count)] + lines.dropFirst()
        }
    }
}

extension FlagDeclaration {
    fileprivate var helpWithPresence: String {
        var notes: [String] = []
        if isRequired { notes.append("required") }
        if isRepeatable { notes.append("repeatable") }
        if let fallback { notes.append("default \(fallback)") }
        return notes.isEmpty ? help : "\(help) (\(notes.joined(separator: ", ")))"
    }
}

/// Breaks text between words; a word that is longer than a line stays whole.
func wrap(_ text: String, to width: Int) -> [String] {
    wrap(text.split(separator: " ").map(String.init), to: width)
}

/// Sets words, which are not broken, in lines; lines after the first are indented by `hang`.
func wrap(_ words: [String], to width: Int, hang: Int = 0) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in words {
        if !line.isEmpty, line.count + 1 + word.count > width {
            lines.append(line)
            line = String(repeating: " ", count: hang) + word
        } else {
            line += line.isEmpty ? word : " " + word
        }
    }
    return lines + [line]
}
