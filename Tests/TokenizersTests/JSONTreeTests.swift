import Files
import Testing

@testable import Tokenizers

@Suite struct JSONTreeTests {
    private func tree(_ text: String) throws -> JSONTree {
        try JSONTree(parsing: Array(text.utf8), file: "file.json")
    }

    @Test func everyKindOfValueIsRead() throws {
        let node = try JSONNode(
            file: "file.json", bytes: Array(#" {"a": [1, -2, 2.5e1, true, false, null, "x"], "b": {}} "#.utf8))
        let elements = try node.required("a").elements()
        #expect(elements.map(\.tree.kind) == ["1", "-2", "25.0", "true", "false", "null", "\"x\""])
        #expect(try node.required("b").members().isEmpty)
    }

    @Test func canonicallyEquivalentKeysStayApart() throws {
        guard case .object(let members) = try tree(#"{"\u00e9": 1, "e\u0301": 2, "é": 3}"#) else {
            Issue.record("not an object")
            return
        }
        #expect(members.map { Array($0.key.utf8) } == [[0xC3, 0xA9], [0x65, 0xCC, 0x81], [0xC3, 0xA9]])
    }

    @Test func escapesAndSurrogatePairsAreRead() throws {
        guard case .string(let text) = try tree(#""a\"\\\/\b\f\n\r\té😀b""#) else {
            Issue.record("not a string")
            return
        }
        #expect(text == "a\"\\/\u{08}\u{0C}\n\r\té😀b")
    }

    @Test(arguments: [
        ("", 1, "the end of the file"), ("[1,]", 1, "']'"), ("{\"a\" 1}", 1, "colon"), ("{a: 1}", 1, "key in quotes"),
        ("[1 2]", 1, "comma"), ("tru", 1, "expected true"), ("\n\n[1", 3, "comma"), ("\"\\ud83d\"", 1, "surrogate"),
        ("\"\\x\"", 1, "expected one of"), ("\"\\u12G4\"", 1, "four hexadecimal digits"), ("\"a\u{01}\"", 1, "byte 1"),
        ("\"abc", 1, "end of the file"), ("1.2.3", 1, "expected a number"), ("[] []", 1, "end of the file"),
        (String(repeating: "[", count: 5_000), 1, "deeper"),
    ])
    func invalidJSONIsRefusedWithItsLine(text: String, line: Int, problem: String) {
        #expect {
            _ = try tree(text)
        } throws: { error in
            guard let error = error as? JSONSyntaxError, error.file == "file.json" else { return false }
            return error.line == line && error.problem.contains(problem)
        }
    }

    @Test func stringsThatAreNotUTF8AreRefused() {
        #expect(throws: JSONSyntaxError(file: "f", line: 1, problem: "found a string that is not UTF-8")) {
            _ = try JSONTree(parsing: [0x22, 0xC3, 0x22], file: "f")
        }
    }
}
