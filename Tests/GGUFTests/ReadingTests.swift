import Foundation
import Safetensors
import TestSupport
import Testing
@testable import GGUF

/// What a sound file says is read as it stands there.
@Suite struct ReadingTests {
    @Test func metadataOfEveryTypeAreRead() throws {
        var file = GGUFBytes()
        typealias Bytes = GGUFBytes
        file.set("u8", type: 0, [200])
        file.set("i8", type: 1, [0xFB])
        file.set("u16", type: 2, Bytes.number(UInt16(65_000)))
        file.set("i16", type: 3, Bytes.number(Int16(-300)))
        file.set("u32", type: 4, Bytes.number(UInt32(4_000_000_000)))
        file.set("i32", type: 5, Bytes.number(Int32(-70_000)))
        file.set("f32", type: 6, Bytes.number(Float(0.1)))
        file.set("bool", type: 7, [1])
        file.set("text", type: 8, Bytes.text("naïve ✓"))
        file.set("u64", type: 10, Bytes.number(UInt64(1) << 40))
        file.set("i64", type: 11, Bytes.number(Int64(-1) << 40))
        file.set("f64", type: 12, Bytes.number(1e-300))
        file.set("words", ["a", "", "ĠĊ"])
        file.set("numbers", [1, -2, 3])
        let metadata = try GGUFFile(bytes: file.bytes).metadata
        #expect(
            metadata.keys == [
                "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "text", "u64", "i64", "f64", "words", "numbers",
            ])
        #expect(
            ["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64"].map { metadata[$0]?.integer } == [
                200, -5, 65_000, -300, 4_000_000_000, -70_000, 1 << 40, -(1 << 40),
            ])
        #expect(metadata["f32"]?.number == Double(Float(0.1)) && metadata["f64"]?.number == 1e-300)
        #expect(try metadata.bool("bool") && metadata.text("text") == "naïve ✓")
        #expect(try metadata.texts("words") == ["a", "", "ĠĊ"] && metadata.integers("numbers") == [1, -2, 3])
    }

    @Test func listsInsideOfListsArePassedOver() throws {
        var file = GGUFBytes()
        let inner = GGUFBytes.number(UInt32(4)) + GGUFBytes.number(UInt64(1)) + GGUFBytes.number(UInt32(9))
        file.set("lists", type: 9, GGUFBytes.number(UInt32(9)) + GGUFBytes.number(UInt64(2)) + inner + inner)
        file.set("after", 7)
        let metadata = try GGUFFile(bytes: file.bytes).metadata
        #expect(metadata.count("lists") == 2 && metadata["after"]?.integer == 7)
    }

    @Test(arguments: [32, 8, 4096])
    func tensorsLieWhereTheAlignmentPutsThem(alignment: Int) throws {
        var file = GGUFBytes()
        file.alignment = alignment
        if alignment != 32 { file.set("general.alignment", alignment) }
        file.tensors = [
            .init("one", [3], GGUFBytes.floats([1, 2, 3])), .init("two", [2, 1], GGUFBytes.floats([4, 5])),
        ]
        let read = try GGUFFile(bytes: file.bytes)
        #expect(read.names == ["one", "two"] && read.entries.map(\.shape) == [[3], [2, 1]])
        #expect(try read.tensor("one").values(as: Float.self) == [1, 2, 3])
        #expect(try read.tensor("two").values(as: Float.self) == [4, 5])
    }

    @Test func fileWithoutTensorsAndMetadataIsRead() throws {
        let file = try GGUFFile(bytes: GGUFBytes().bytes)
        #expect(file.entries.isEmpty && file.metadata.keys.isEmpty)
    }

    // MARK: Parts

    private func parts(
        _ folder: TemporaryFolder, count: Int = 3, change: (Int, inout GGUFBytes) -> Void = { _, _ in }
    )
        throws -> String
    {
        for part in 0..<count {
            var file = GGUFBytes()
            if part == 0 { file.set("general.name", "split") }
            file.set("split.no", part)
            file.set("split.count", count)
            file.set("split.tensors.count", type: 5, GGUFBytes.number(Int32(count)))
            file.tensors = [.init("t\(part)", [1], GGUFBytes.floats([Float(part)]))]
            change(part, &file)
            try file.write(to: folder("m-0000\(part + 1)-of-0000\(count).gguf"))
        }
        return folder("m-00001-of-0000\(count).gguf")
    }

    @Test func partsAreOneModel() throws {
        let folder = try TemporaryFolder(), first = try parts(folder), model = try GGUFParts(path: first)
        #expect(model.names == ["t0", "t1", "t2"] && model.path == first)
        #expect(try model.metadata.text("general.name") == "split")
        #expect(try model.names.map { try model.tensor($0).values(as: Float.self)[0] } == [0, 1, 2])
        #expect(GGUFParts.paths(of: first).count == 3)
    }

    @Test func partsThatDoNotFitAreRefusedInASentence() throws {
        let folder = try TemporaryFolder(), first = try parts(folder)
        func reason(_ path: String = first) -> String { failure { try GGUFParts(path: path) }?.description ?? "none" }
        #expect(
            reason(folder("m-00002-of-00003.gguf")).hasSuffix(
                "found part 2 of 3, expected the first: \(folder("m-00001-of-00003.gguf"))"))
        try FileManager.default.moveItem(atPath: folder("m-00003-of-00003.gguf"), toPath: folder("elsewhere"))
        #expect(reason().hasPrefix("\(folder("m-00003-of-00003.gguf")): cannot open the file"))
        try FileManager.default.copyItem(
            atPath: folder("m-00002-of-00003.gguf"), toPath: folder("m-00003-of-00003.gguf"))
        #expect(reason().contains("found part 2 for 'split.no', expected part 3 of 3"))
        try FileManager.default.copyItem(atPath: first, toPath: folder("single.gguf"))
        #expect(reason(folder("single.gguf")).contains("found part 1 of 3, expected a name that says so"))
        _ = try parts(folder) { if $0 == 2 { $1.tensors[0].name = "t0" } }
        #expect(reason().contains("found tensor 't0', which another part has, too"))
        _ = try parts(folder) { if $0 == 2 { $1.tensors = [] } }
        #expect(reason().contains("found 3 for 'split.tensors.count', expected 2"))
    }
}
