import Foundation
import Testing

@testable import Tasks

/// The files that a command names are found however a shell would read it.
@Suite struct GraderFilesTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "grader files \(UUID().uuidString)")

    private func withFiles(_ files: [String: String], _ body: () throws -> Void) throws {
        for (name, content) in files {
            let path = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content.utf8).write(to: path)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        try body()
    }

    /// F stands for the folder, whose name holds spaces.
    @Test(arguments: [
        "python3 'F/grade.py' --strict", "python3 \"F/grade.py\"", "'F'/grade.py<input", "cat x|'F/grade.py'",
        "cd 'F' && python3 grade.py", "cd 'F' && python3 -m grade", "run --grader='F/grade.py'",
        "X=1 'F/grade.py'; true",
    ])
    func filesThatTheCommandNamesAreFound(command: String) throws {
        try withFiles(["grade.py": "one"]) {
            let path = folder.appendingPathComponent("grade.py").path
            #expect(GraderFiles.named(in: command.replacing("F", with: folder.path)).contains(path))
        }
    }

    @Test func filesAppearOnceAndInTheirOrder() throws {
        try withFiles(["b.py": "b", "a.json": "{}"]) {
            let found = GraderFiles.named(
                in: "'F/b.py' --rules 'F/a.json' --again 'F/b.py'".replacing("F", with: folder.path))
            #expect(found == ["b.py", "a.json"].map { folder.appendingPathComponent($0).path })
        }
    }

    @Test func commandsWithoutFilesNameNone() {
        for command in ["grep -q 42", "true", "", "'", "test \"$", "cat /nowhere/at/all", "cd /tmp"] {
            #expect(GraderFiles.named(in: command) == [])
        }
    }

    @Test func wordsAreTheShells() {
        let home = NSHomeDirectory()
        #expect(
            ShellWords(#"a 'b c' "d \"e\"" f\ g h"i"'j' ~/k "" | l>m"#).words == [
                "a", "b c", #"d "e""#, "f g", "hij", "\(home)/k", "", "l", "m",
            ])
        #expect(ShellWords("$HOME/x ${HOME}y '$HOME' $").words == ["\(home)/x", "\(home)y", "$HOME", "$"])
    }
}
