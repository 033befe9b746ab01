import Foundation
import Testing

@testable import Tasks

/// Another grader is another fingerprint, and the same one is the same.
@Suite struct GraderFilesTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("grader files \(UUID().uuidString)")

    private func withFiles(_ files: [String: String], _ body: () throws -> Void) throws {
        for (name, content) in files {
            let path = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content.utf8).write(to: path)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        try body()
    }

    /// F stands for the folder, whose name holds spaces.
    private func fingerprint(_ command: String) -> String {
        CommandVerifier(Grader(command: command.replacingOccurrences(of: "F", with: folder.path))).fingerprint
    }

    @Test(arguments: [
        "python3 'F/grade.py' --strict", "python3 \"F/grade.py\"", "'F'/grade.py<input", "cat x|'F/grade.py'", "cd 'F' && python3 grade.py",
        "cd 'F' && python3 -m grade", "run --grader='F/grade.py'", "X=1 'F/grade.py'; true",
    ])
    func filesThatTheCommandNamesAreInIt(command: String) throws {
        try withFiles(["grade.py": "one"]) {
            let one = fingerprint(command)
            #expect(one.contains("grade.py 3 bytes ") && one == fingerprint(command))
            try Data("two".utf8).write(to: folder.appendingPathComponent("grade.py"))
            #expect(fingerprint(command) != one)
        }
    }

    @Test func filesAppearOnceAndInTheOrderOfTheirNames() throws {
        try withFiles(["b.py": "b", "a.json": "{}"]) {
            let words = fingerprint("'F/b.py' --rules 'F/a.json' --again 'F/b.py'").components(separatedBy: ", ")
            #expect(words.count == 2 && words[0].contains("a.json 2 bytes") && words[1].contains("b.py 1 bytes"))
        }
    }

    @Test func commandsWithoutFilesHaveAnEmptyOne() {
        for command in ["grep -q 42", "true", "", "'", "test \"$", "cat /nowhere/at/all", "cd /tmp"] { #expect(fingerprint(command) == "") }
    }

    @Test func wordsAreTheShells() {
        let home = NSHomeDirectory()
        #expect(ShellWords(#"a 'b c' "d \"e\"" f\ g h"i"'j' ~/k "" | l>m"#).words == ["a", "b c", #"d "e""#, "f g", "hij", "\(home)/k", "", "l", "m"])
        #expect(ShellWords("$HOME/x ${HOME}y '$HOME' $").words == ["\(home)/x", "\(home)y", "$HOME", "$"])
    }
}
