import Foundation
import Testing
@testable import Backbone

/// Ids and texts from Hugging Face's `tokenizers`, kept outside the package.
@Suite struct TokenizerGoldenTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("../shared/goldens/tokenizers").standardizedFileURL
    private static let kinds = (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.sorted() ?? []

    private struct Expectation: Decodable {
        let text: String
        let ids: [Int]
        let ids_without_special: [Int]
        let decoded: String
    }

    @Test(.enabled(if: !kinds.isEmpty, "there are no goldens beside the package, in ../shared/goldens/tokenizers"))
    func goldensHold() throws {
        for kind in Self.kinds {
            let folder = Self.folder.appendingPathComponent(kind)
            let tokenizer = try Tokenizer(directory: folder)
            let json = try Data(contentsOf: folder.appendingPathComponent("expected.json"))
            for expected in try JSONDecoder().decode([Expectation].self, from: json) {
                let name = "\(kind): \(expected.text.debugDescription.prefix(80))"
                #expect(try tokenizer.encode(expected.text) == expected.ids, "\(name)")
                #expect(try tokenizer.encode(expected.text, addSpecialTokens: false) == expected.ids_without_special, "\(name)")
                let decoded = try tokenizer.decode(expected.ids_without_special)
                #expect(decoded.unicodeScalars.elementsEqual(expected.decoded.unicodeScalars), "\(name)")
            }
        }
    }
}
