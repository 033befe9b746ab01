import Foundation
import TestSupport
import Testing
@testable import Safetensors

struct OpeningTests {
    @Test func headerMayEndInSpaces() throws {
        let file = try SafetensorsFile(bytes: assemble("{}     \n\t "))
        #expect(file.entries.isEmpty && file.metadata.isEmpty)
    }

    /// As the reference implementation has it.
    @Test func headerMayBeginWithSpacesAndMetadataMayBeNull() throws {
        let tensor = #""a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}"#
        let file = try SafetensorsFile(bytes: assemble(" \n\t{\"__metadata__\": null, \(tensor)}", data: [7, 8]))
        #expect(file.metadata.isEmpty)
        #expect(try file.tensor("a").values(as: Int.self) == [7, 8])
    }

    @Test func aGitLFSPointerIsToldFromAFile() throws {
        let folder = try TemporaryFolder()
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
        try save(Array(pointer.utf8), to: folder("model.safetensors"))
        let words = "found a Git LFS pointer, expected the file itself of 12345 bytes; fetch it with git lfs pull"
        #expect(failure { try Checkpoint(folder: folder.path) }?.reason == words)
    }

    @Test func unknownMembersOfATensorAreSkipped() throws {
        let header =
            #"{"a":{"note":{"x":[1,-2.5e+3,true,false,null,"s\u00e9"]},"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#
        #expect(try SafetensorsFile(bytes: assemble(header, data: [9])).tensor("a").values(as: Int.self) == [9])
    }

    @Test func escapesInNamesAndMetadataAreResolved() throws {
        let header =
            #"{"__metadata__":{"\"\\\/\b\f\n\r\t":"\u00e9\ud83d\ude00é😀"},"#
            + #""\u0061\u0000":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#
        let file = try SafetensorsFile(bytes: assemble(header))
        #expect(file.metadata == ["\"\\/\u{8}\u{C}\n\r\t": "é😀é😀"])
        #expect(file.names == ["a\0"])
    }

    @Test func entriesComeInTheOrderOfTheirBytes() throws {
        let header =
            #"{"late":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"#
            + #""none":{"dtype":"F32","shape":[0,4],"data_offsets":[1,1]},"#
            + #""early":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#
        let file = try SafetensorsFile(bytes: assemble(header, data: [5, 6]))
        #expect(file.names == ["early", "none", "late"])
        #expect(file.entries.map(\.count) == [1, 0, 1])
        #expect(try file.tensor("none").values(as: Float.self).isEmpty)
        #expect(try file.tensor("early").shape.isEmpty)
        #expect(try file.tensor("late").bytes.first == 6)
        let start = 8 + header.utf8.count
        #expect(file.entries.map(\.byteRange) == [start..<start + 1, start + 1..<start + 1, start + 1..<start + 2])
    }

    @Test func missingTensorIsAnErrorThatListsWhatIsThere() throws {
        let header = #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#
        let file = try SafetensorsFile(bytes: assemble(header, data: [1]), name: "model")
        #expect(file.contains("a") && !file.contains("b"))
        let error = try #require(failure { try file.tensor("b") })
        #expect(error.kind == .missing)
        #expect(error.description == "model: found 1 tensor: 'a', expected one called 'b'")
        let empty = try #require(failure { try SafetensorsFile(bytes: assemble("{}")).tensor("b") })
        #expect(empty.reason == "found no tensors, expected one called 'b'")
    }

    @Test func requireComparesShapeAndType() throws {
        let header = #"{"w":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]}}"#
        let file = try SafetensorsFile(bytes: assemble(header, data: Array(repeating: 0, count: 12)), name: "model")
        #expect(try file.require("w", shape: [2, 3]).count == 6)
        #expect(try file.require("w", shape: [nil, 3], types: [.f16]).count == 6)

        let shape = try #require(failure { try file.require("w", shape: [3, 2]) })
        #expect(shape.kind == .mismatch)
        #expect(shape.description == "model: found tensor 'w' with the shape [2, 3], expected [3, 2]")
        let rank = try #require(failure { try file.require("w", shape: [nil]) })
        #expect(rank.reason == "found tensor 'w' with the shape [2, 3], expected [any]")
        let type = try #require(failure { try file.require("w", shape: [2, 3], types: [.f32, .bf16]) })
        #expect(type.kind == .mismatch)
        #expect(type.reason == "found tensor 'w' with the type F16, expected F32, BF16")
        #expect(failure { try file.require("v", shape: [2, 3]) }?.kind == .missing)
    }

    @Test func mappedFileReadsAsItsBytesDo() throws {
        let folder = try TemporaryFolder()
        let bytes = assemble(#"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#, data: [1, 2, 3])
        try save(bytes, to: folder("a.safetensors"))
        let file = try SafetensorsFile(url: URL(fileURLWithPath: folder("a.safetensors")))
        #expect(try Array(file.tensor("a").bytes) == [1, 2, 3])
        #expect(try SafetensorsFile(bytes: bytes).entries == file.entries)
    }

    @Test func aTensorKeepsItsFileOpen() throws {
        let folder = try TemporaryFolder()
        try SafetensorsWriter.write([NewTensor("a", [2], [1, 2] as [Float])], to: folder("a"))
        func tensor() throws -> StoredTensor { try SafetensorsFile(path: folder("a")).tensor("a") }
        let kept = try tensor()
        try FileManager.default.removeItem(atPath: folder("a"))
        #expect(try kept.values(as: Float.self) == [1, 2])
    }
}
