/// A command line that does not fit its command: one sentence with what was found and what was expected.
public struct UsageError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
}

/// What a command line asks for.
enum Invocation {
    /// The full name is such as "autodeco-inspect loss".
    case help(Command, name: String)
    case version
    case run(Command, Arguments)
}

extension Command {
    /// Takes a command line apart.
    ///
    /// `--flag value` and `--flag=value` are the same; `--` ends the flags; `-` alone and negative numbers are
    /// arguments. The word behind a flag is its value unless it starts with `--`; with `=` it may.
    ///
    /// - Parameters:
    ///   - words: without the program's name.
    ///   - path: full name of this command, for messages.
    /// - Throws: `UsageError`.
    func parse(_ words: [String], path: String? = nil) throws -> Invocation {
        let path = path ?? name
        return subcommands.isEmpty ? try parseOwn(words, path) : try parseSubcommand(words, path)
    }

    private func parseSubcommand(_ words: [String], _ path: String) throws -> Invocation {
        let names = subcommands.map(\.name)
        guard let word = words.first else {
            throw usage("found no subcommand, expected one of \(names.joined(separator: ", "))", path)
        }
        if isHelp(word) { return .help(self, name: path) }
        if word == "--version" { return .version }
        if let subcommand = subcommands.first(where: { $0.name == word }) {
            return try subcommand.parse(Array(words.dropFirst()), path: "\(path) \(word)")
        }
        if word.hasPrefix("-") {
            throw usage("found \(quoted(word)) first, expected a subcommand (\(names.joined(separator: ", ")))", path)
        }
        throw usage("unknown subcommand \(quoted(word)), \(suggestion(nearest(to: word, in: names), all: names))", path)
    }

    private func parseOwn(_ words: [String], _ path: String) throws -> Invocation {
        var given = Dictionary(uniqueKeysWithValues: flags.map { ($0.name, [String]()) })
        var loose: [String] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                loose += rest
                break
            }
            if isHelp(word) { return .help(self, name: path) }
            if word == "--version" { return .version }
            guard isFlag(word) else {
                loose.append(word)
                continue
            }
            let (flag, value) = try readFlag(word, &rest, path)
            guard flag.isRepeatable || given[flag.name]?.isEmpty == true else {
                throw usage("found --\(flag.name) twice, expected it once", path)
            }
            given[flag.name, default: []].append(value)
        }
        for flag in flags where flag.isRequired && given[flag.name]?.isEmpty == true {
            throw usage("found no --\(flag.name), expected \(flag.form)", path)
        }
        return .run(self, Arguments(flags: given, positionals: try place(loose, path)))
    }

    /// The flag that `word` starts, and its value as text, taken from `rest` where it is a word of its own.
    private func readFlag(
        _ word: String, _ rest: inout ArraySlice<String>, _ path: String
    ) throws -> (FlagDeclaration, value: String) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let flag = flags.first(where: { parts[0] == "--" + $0.name }) else {
            let near = nearest(to: String(parts[0].drop { $0 == "-" }), in: flags.map(\.name)).map { "--" + $0 }
            throw usage(
                "unknown flag \(quoted(parts[0])), \(suggestion(near, all: flags.map { "--" + $0.name }))", path)
        }
        let attached = parts.count == 2 ? parts[1] : nil
        guard flag.placeholder != nil else {
            guard let attached else { return (flag, "") }
            throw usage("found the value \(quoted(attached)) for --\(flag.name), expected none", path)
        }
        let next = rest.first.flatMap { $0.hasPrefix("--") ? nil : $0 }
        guard let value = attached ?? next else {
            throw usage("found no value for --\(flag.name), expected \(flag.form)", path)
        }
        if attached == nil { rest.removeFirst() }
        guard flag.accepts(value) else {
            throw usage("found \(quoted(value)) for --\(flag.name), expected \(flag.expectation)", path)
        }
        return (flag, value)
    }

    /// Gives the words without flags to the positionals, in order.
    private func place(_ words: [String], _ path: String) throws -> [String: [String]] {
        var placed: [String: [String]] = [:]
        var rest = words[...]
        for positional in positionals {
            switch positional.presence {
            case .required:
                guard let word = rest.popFirst() else {
                    throw usage("found no \(positional.name), expected \(positional.help)", path)
                }
                placed[positional.name] = [word]
            case .optional:
                placed[positional.name] = rest.popFirst().map { [$0] } ?? []
            case .rest:
                placed[positional.name] = Array(rest)
                rest = []
            }
        }
        guard let surplus = rest.first else { return placed }
        let expected = positionals.isEmpty ? "flags alone" : "only \(positionals.map(\.name).joined(separator: " "))"
        throw usage("found the argument \(quoted(surplus)), expected \(expected)", path)
    }

    private func isHelp(_ word: String) -> Bool { word == "--help" || word == "-h" }

    private func isFlag(_ word: String) -> Bool { word.hasPrefix("-") && word != "-" && Double(word) == nil }

    private func suggestion(_ near: String?, all: [String]) -> String {
        near.map { "did you mean \($0)?" } ?? "expected one of \(all.joined(separator: ", "))"
    }

    private func usage(_ sentence: String, _ path: String) -> UsageError {
        UsageError(description: "\(sentence) (see \(path) --help)")
    }

    private func quoted(_ word: String) -> String { "'\(word)'" }
}

extension FlagDeclaration {
    /// The flag as one writes it: "--heads DIR".
    var form: String { placeholder.map { "--\(name) \($0)" } ?? "--\(name)" }
}
