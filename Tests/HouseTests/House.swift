import Foundation

/// The package as its files show it: modules, their imports, and the arrows that Package.swift declares.
struct House {
    /// A file of a module or of its tests.
    struct File {
        /// Relative to the package.
        let path: String
        let lines: [Substring]

        /// Modules that the file imports, ours or others.
        var imports: Set<String> {
            Set(
                lines.compactMap { line in
                    try? #/^(?:@\w+ +|public +|internal +|package +)*import +(?:struct +|class +|enum +|func +)?(\w+)/#
                        .firstMatch(in: line).map { String($0.1) }
                })
        }
    }

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Swift files by module, of `Sources` and of `Tests`.
    let sources, tests: [String: [File]]
    /// What Package.swift says that each target depends on.
    let arrows: [String: Set<String>]

    init() throws {
        sources = try Self.files(below: "Sources")
        tests = try Self.files(below: "Tests")
        arrows = try Self.declaredArrows()
    }

    /// Modules of this package that a target's files import, without itself.
    func imports(of target: String) -> Set<String> {
        let files = (sources[target] ?? []) + (tests[target] ?? [])
        let modules = Set(sources.keys).union(arrows.keys)
        var imports: Set<String> = []
        for file in files { imports.formUnion(file.imports) }
        return imports.intersection(modules).subtracting([target])
    }

    private static func files(below folder: String) throws -> [String: [File]] {
        var files: [String: [File]] = [:]
        let base = root.appendingPathComponent(folder)
        for path in try FileManager.default.subpathsOfDirectory(atPath: base.path).sorted() {
            let parts = path.split(separator: "/")
            guard path.hasSuffix(".swift"), parts.count > 1, !path.contains(".build/") else { continue }
            let text = try String(contentsOf: base.appendingPathComponent(path), encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            files[String(parts[0]), default: []].append(File(path: "\(folder)/\(path)", lines: lines))
        }
        return files
    }

    /// Reads `name:` and `dependencies:` of each target; the manifest writes both as plain lists of texts.
    private static func declaredArrows() throws -> [String: Set<String>] {
        let manifest = try String(contentsOf: root.appendingPathComponent("Package.swift"), encoding: .utf8)
        let target =
            #/\.(?:target|executableTarget|testTarget|systemLibrary)\(\s*name: "([^"]+)"(?:,\s*dependencies: \[([^\]]*)\])?/#
        var arrows: [String: Set<String>] = [:]
        for match in manifest.matches(of: target) {
            let names = (match.2 ?? "").matches(of: #/"([^"]+)"/#).map { String($0.1) }
            arrows[String(match.1)] = Set(names)
        }
        return arrows
    }
}
