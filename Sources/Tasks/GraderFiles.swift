import Foundation

/// The files that a grader's command line names: its scripts and programs, as far as they are regular files.
public enum GraderFiles {
    /// Paths as the command line names them, each once, in order.
    ///
    /// Words are taken as a shell takes them, with quotes, `~` and variables of the environment. A word names the file
    /// at that path, seen from the working directory and from every folder that the command names (`cd graders &&
    /// python3 grade.py`); `-m package.grade` names a Python module; a word without a slash also names a program that
    /// `PATH` finds outside of the system's own folders. What these files read in their turn is not looked into.
    ///
    /// - Parameter command: a shell's command line.
    public static func named(in command: String) -> [String] {
        let words = ShellWords(command).words.flatMap { word in
            // Both of `--rules=rules.json`.
            [word] + (word.firstIndex(of: "=").map { [String(word[word.index(after: $0)...])] } ?? [])
        }
        let folders = [""] + words.filter { isKind(S_IFDIR, $0) }.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
        var found: [String] = []
        for (place, word) in words.enumerated() where !word.isEmpty {
            var names = [word]
            if place > 0, words[place - 1] == "-m" {
                let module = word.replacing(".", with: "/")
                names += [module + ".py", module + "/__main__.py"]
            }
            let paths = names.flatMap { name in name.hasPrefix("/") ? [name] : folders.map { $0 + name } }
                .filter { isKind(S_IFREG, $0) }
            let programs = paths.isEmpty && !word.contains("/") ? [program(word)].compactMap(\.self) : []
            for path in paths + programs where !found.contains(path) { found.append(path) }
        }
        return found
    }

    /// What `PATH` finds under a name, unless it is the system's own.
    private static func program(_ name: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let folder = folders.first { access("\($0)/\(name)", X_OK) == 0 && isKind(S_IFREG, "\($0)/\(name)") }
        guard let folder, !["/bin", "/usr/bin", "/sbin", "/usr/sbin"].contains(folder) else { return nil }
        return "\(folder)/\(name)"
    }

    private static func isKind(_ kind: mode_t, _ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == kind
    }
}
