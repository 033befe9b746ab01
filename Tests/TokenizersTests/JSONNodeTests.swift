import Foundation
import Testing
@testable import Tokenizers

@Suite struct JSONNodeTests {
    @Test func typeErrorsSayWhatWasFoundAndWhere() throws {
        let node = try JSONNode(file: "file.json", bytes: Array(#"{"a": [{"b": "c"}], "n": null}"#.utf8))
        let inner = try node.required("a").elements()[0]
        #expect(
            throws: TokenizerError.malformed(location: "file.json $.a[0].b", found: "\"c\"", expected: "true or false")
        ) {
            _ = try inner.required("b").bool()
        }
        #expect(throws: TokenizerError.malformed(location: "file.json $.n", found: "nothing", expected: "a value")) {
            _ = try node.required("n")
        }
        #expect(throws: TokenizerError.self) { _ = try node.tokenID() }
        #expect(throws: TokenizerError.self) { _ = try node.elements() }
        #expect(throws: TokenizerError.self) { _ = try node.string() }
        #expect(throws: TokenizerError.self) { _ = try inner.required("b").members() }
    }
}
