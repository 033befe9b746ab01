import Foundation

/// What `--version` prints: the toolkit's version, the commit where it is known, and the kernels in use.
public enum Version {
    /// The toolkit's version, as in semantic versioning.
    public static let number = "0.3.0"

    /// The file that `make build` leaves beside the programs: the commit that they were built from.
    static let commitFile = "autodeco-commit"

    /// The commit that the programs in a folder were built from; nil where nothing tells it.
    ///
    /// - Parameter folder: the program's own by default.
    public static func commit(in folder: URL = programFolder) -> String? {
        let file = folder.appendingPathComponent(commitFile)
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
        let words = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return words.isEmpty || words.count > 80 ? nil : words
    }

    /// The folder of the running program, links resolved.
    public static var programFolder: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    }

    /// One line, such as "autodeco-train 0.3.0, commit 1a2b3c4, OpenBLAS kernels SkylakeX".
    static func text(program: String, commit: String?, kernels: String) -> String {
        let parts = ["\(program) \(number)", commit.map { "commit \($0)" } ?? "commit unknown", kernels]
        return parts.filter { !$0.isEmpty }.joined(separator: ", ")
    }
}
