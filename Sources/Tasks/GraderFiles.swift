import Foundation

extension Grader {
    /// The files that the command names, each with its size and a hash of its content, in the order of their names: where this
    /// text has changed, verdicts of before are another grader's. Empty where the command names no file.
    ///
    /// Words are taken as a shell takes them, with `~` and variables of the environment. A word names the file at that path, seen from
    /// the working directory and from every folder that the command names (as in `cd graders && python3 grade.py`). `-m
    /// package.grade` names a Python module, and a word without a slash also a program that `PATH` finds outside of the system's own
    /// folders. What these files read in their turn is not looked into.
    public var fingerprint: String {
        files.sorted().map { path in "\(path) \(Self.digest(path))" }.joined(separator: ", ")
    }

    /// Paths of regular files, as the command names them.
    private var files: Set<String> {
        let words = ShellWords(command).words.flatMap { word in [word] + (word.firstIndex(of: "=").map { [String(word[word.index(after: $0)...])] } ?? []) }
        let folders = [""] + words.filter(Self.isFolder).map { $0.hasSuffix("/") ? $0 : $0 + "/" }
        var found: Set<String> = []
        for (place, word) in words.enumerated() where !word.isEmpty {
            var names = [word]
            if place > 0, words[place - 1] == "-m" {
                let module = word.replacingOccurrences(of: ".", with: "/")
                names += [module + ".py", module + "/__main__.py"]
            }
            let paths = names.flatMap { name in name.hasPrefix("/") ? [name] : folders.map { $0 + name } }.filter(Self.isFile)
            found.formUnion(paths)
            if paths.isEmpty, !word.contains("/"), let program = Self.program(word) { found.insert(program) }
        }
        return found
    }

    /// What `PATH` finds under a name, unless it is the system's own.
    private static func program(_ name: String) -> String? {
        let system: Set<String> = ["/bin", "/usr/bin", "/sbin", "/usr/sbin"]
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        guard let folder = folders.first(where: { access("\($0)/\(name)", X_OK) == 0 && isFile("\($0)/\(name)") }) else { return nil }
        return system.contains(folder) ? nil : "\(folder)/\(name)"
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func isFile(_ path: String) -> Bool {
        (try? FileManager.default.attributesOfItem(atPath: (path as NSString).resolvingSymlinksInPath)[.type] as? FileAttributeType)
            == .typeRegular
    }

    /// Size and FNV-1a hash of 64 bits.
    private static func digest(_ path: String) -> String {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) else { return "unreadable" }
        let hash = data.withUnsafeBytes { bytes in bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } }
        let digits = String(hash, radix: 16)
        return "\(data.count) bytes \(String(repeating: "0", count: 16 - digits.count))\(digits)"
    }
}

/// A command line as words, without running anything: quotes and backslashes are resolved, and so are variables of the environment.
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
