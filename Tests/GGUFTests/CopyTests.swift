import Files
import Foundation
import TestSupport
import Testing
@testable import GGUF

/// A copy has other metadata, and every other byte of the original.
@Suite struct CopyTests {
    private static let numbers: [(key: String, value: Float)] = [
        ("general.sampling.temp", 0.7), ("general.sampling.top_p", 0.95),
    ]

    private static func file(alignment: Int = 32) -> GGUFBytes {
        var file = GGUFBytes()
        file.alignment = alignment
        file.set("general.name", "a model")
        if alignment != 32 { file.set("general.alignment", alignment) }
        file.set("tokenizer.ggml.tokens", ["a", "", "ĠĊ"])
        file.tensors = [
            .init("one", [2, 3], GGUFBytes.floats([1, 2, 3, 4, 5, 6])), .init("two", [1], GGUFBytes.floats([7])),
            .init("blocks", [1, 32], type: 8, (0..<34).map { UInt8($0) }),
        ]
        return file
    }

    private func copy(_ bytes: [UInt8], _ numbers: [(key: String, value: Float)] = numbers) throws -> [UInt8] {
        let folder = try TemporaryFolder(), path = folder.url.appendingPathComponent("copy.gguf").path
        try GGUFFile(bytes: bytes).copy(to: path, setting: numbers)
        return try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    }

    @Test(arguments: [32, 64, 256]) func newKeysComeLast(alignment: Int) throws {
        var expected = Self.file(alignment: alignment)
        let found = try copy(expected.bytes)
        expected.set("general.sampling.temp", Double(Float(0.7)))
        expected.set("general.sampling.top_p", Double(Float(0.95)))
        #expect(found == expected.bytes)
        let file = try GGUFFile(bytes: found)
        for name in ["one", "two", "blocks"] { #expect(file.find(name)?.bytes.isEmpty == false, "\(name)") }
    }

    @Test func aKeyThatIsThereKeepsItsPlaceWhateverItsType() throws {
        var before = GGUFBytes(), after = GGUFBytes()
        before.set("general.sampling.temp", type: 12, GGUFBytes.number(1.25))
        after.set("general.sampling.temp", Double(Float(0.7)))
        for i in 0..<3 {
            before.set("key \(i)", i)
            after.set("key \(i)", i)
        }
        after.set("general.sampling.top_p", Double(Float(0.95)))
        before.tensors = Self.file().tensors
        after.tensors = before.tensors
        #expect(try copy(before.bytes) == after.bytes)
        // Once more changes nothing.
        #expect(try copy(after.bytes) == after.bytes)
    }

    @Test func partsOfASplitModelAreRefused() throws {
        var file = Self.file()
        file.set("split.count", type: 2, GGUFBytes.number(UInt16(3)))
        let error = #expect(throws: FileError.self) { try copy(file.bytes) }
        #expect(error?.description.contains("one of 3 parts") == true)
    }

    @Test func anInterruptedCopyLeavesNothing() throws {
        let folder = try TemporaryFolder(), path = folder.url.appendingPathComponent("copy.gguf").path
        let file = try GGUFFile(bytes: Self.file().bytes)
        #expect(throws: CancellationError.self) {
            try file.copy(to: path, setting: Self.numbers) { throw CancellationError() }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
    }
}
