import Foundation

/// The files that a grader's command line names: its scripts and programs, as far as they are regular files.
public enum GraderFiles {
    /// Paths as the command line writes them, each once, in order.
    ///
    /// The command is cut at white space, quotes and the shell's own signs; each word that is the path of a regular
    /// file counts.
    ///
    /// - Parameter command: a shell's command line.
    public static func named(in command: String) -> [String] {
        var found: [String] = []
        for word in command.split(whereSeparator: { $0.isWhitespace || "'\"`;|&()<>=$".contains($0) }) {
            let path = String(word)
            var status = stat()
            guard !found.contains(path), stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            found.append(path)
        }
        return found
    }
}
