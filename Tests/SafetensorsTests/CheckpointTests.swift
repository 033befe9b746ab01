import Foundation
import TestSupport
import Testing

@testable import Safetensors

private let single = "model.safetensors"
private let index = "model.safetensors.index.json"

private func writeIndex(_ map: String, in folder: TemporaryFolder) throws {
    try save(Array(#"{"metadata":{"total_size":24,"x":[{}]},"weight_map":\#(map)}"#.utf8), to: folder(index))
}

/// Two shards: "a" and "b" in the first, "c" in the second.
private func writeShards(in folder: TemporaryFolder) throws {
    try SafetensorsWriter.write(
        [NewTensor("b", [2], [3, 4] as [Float]), NewTensor("a", [2], [1, 2] as [Float])], to: folder("one.safetensors"))
    try SafetensorsWriter.write([NewTensor("c", [1, 2], [5, 6] as [Float], as: .bf16)], to: folder("two.safetensors"))
}

struct CheckpointTests {
    @Test func singleFileIsACheckpoint() throws {
        let folder = try TemporaryFolder()
        try SafetensorsWriter.write([NewTensor("a", [2], [1, 2] as [Float])], to: folder(single))
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(checkpoint.names == ["a"])
        #expect(try checkpoint.require("a", shape: [2]).values(as: Float.self) == [1, 2])
    }

    @Test func shardsAreFoundByTheirIndex() throws {
        let folder = try TemporaryFolder()
        try writeShards(in: folder)
        try writeIndex(#"{"a":"one.safetensors","c":"two.safetensors","b":"one.safetensors"}"#, in: folder)
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(checkpoint.names == ["a", "c", "b"])
        #expect(checkpoint.entries.map(\.type) == [.f32, .bf16, .f32])
        #expect(try checkpoint.tensor("a").values(as: Double.self) == [1, 2])
        #expect(try checkpoint.tensor("b").values(as: Double.self) == [3, 4])
        #expect(try checkpoint.require("c", shape: [1, 2]).values(as: Double.self) == [5, 6])
        #expect(checkpoint.contains("c") && !checkpoint.contains("d"))
        let missing = failure { try checkpoint.tensor("d") }
        #expect(missing?.description == "\(folder.path): found 3 tensors: 'a', 'c', 'b', expected one called 'd'")
        let mismatch = failure { try checkpoint.require("c", shape: [2]) }
        #expect(mismatch?.file == folder("two.safetensors"))
    }

    @Test func shardsMayLieInAFolderInside() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder("parts"), withIntermediateDirectories: false)
        try SafetensorsWriter.write([NewTensor("a", [1], [1] as [Float])], to: folder("parts/one"))
        try writeIndex(#"{"a":"parts/one"}"#, in: folder)
        #expect(try Checkpoint(folder: folder.path).contains("a"))
    }

    @Test func singleFileWinsOverAnIndex() throws {
        let folder = try TemporaryFolder()
        try SafetensorsWriter.write([NewTensor("a", [1], [1] as [Float])], to: folder(single))
        try writeIndex("nonsense", in: folder)
        #expect(try Checkpoint(folder: folder.path).names == ["a"])
    }

    @Test func emptyFolderIsAnError() throws {
        let folder = try TemporaryFolder()
        let error = failure { try Checkpoint(folder: folder.path) }
        #expect(error?.kind == .cannotOpen)
        #expect(
            error?.description
                == "\(folder.path): found neither \(single) nor \(index) in the folder, expected one of them")
    }

    @Test func missingShardIsAnError() throws {
        let folder = try TemporaryFolder()
        try writeShards(in: folder)
        try writeIndex(#"{"a":"one.safetensors","d":"three.safetensors"}"#, in: folder)
        let error = failure { try Checkpoint(folder: folder.path) }
        #expect(error?.kind == .cannotOpen)
        #expect(error?.file == folder(index) && error?.byte == 79)
        #expect(error?.reason == "found no file 'three.safetensors' in the folder, expected the shard with tensor 'd'")
    }

    @Test func tensorThatItsShardLacksIsAnError() throws {
        let folder = try TemporaryFolder()
        try writeShards(in: folder)
        try writeIndex(#"{"a":"two.safetensors"}"#, in: folder)
        let error = failure { try Checkpoint(folder: folder.path) }
        #expect(error?.kind == .malformed)
        #expect(error?.reason == "found no tensor 'a' in 'two.safetensors', expected it there")
    }

    @Test func brokenShardIsAnErrorThatNamesIt() throws {
        let folder = try TemporaryFolder()
        try save([1, 2, 3], to: folder("one.safetensors"))
        try writeIndex(#"{"a":"one.safetensors"}"#, in: folder)
        #expect(failure { try Checkpoint(folder: folder.path) }?.file == folder("one.safetensors"))
    }

    @Test(arguments: [
        "../one.safetensors", "/one.safetensors", "x/../../one.safetensors", "", ".", "..", "x//y", "one\\u0000",
    ])
    func shardOutsideOfTheFolderIsAnError(_ shard: String) throws {
        let folder = try TemporaryFolder()
        try writeIndex(#"{"a":"\#(shard)"}"#, in: folder)
        let error = failure { try Checkpoint(folder: folder.path) }
        #expect(error?.kind == .malformed)
        #expect(error?.reason.hasSuffix("expected a file inside of the folder") == true)
        #expect(error?.byte == 57)
    }

    @Test(arguments: [
        ("", "'{' for the index"), ("{}", "found an index without weight_map"),
        (#"{"weight_map":[]}"#, "'{' for weight_map"),
        (#"{"weight_map":{"a":1}}"#, "the shard of tensor 'a', a string"),
        (#"{"weight_map":{"a":"x","a":"y"}}"#, "a second time"),
        (#"{"weight_map":{}} x"#, "nothing but spaces"),
    ])
    func brokenIndexIsAnError(_ text: String, _ words: String) throws {
        let folder = try TemporaryFolder()
        try save(Array(text.utf8), to: folder(index))
        let error = failure { try Checkpoint(folder: folder.path) }
        #expect(error?.kind == .malformed && error?.file == folder(index) && error?.byte != nil)
        #expect(error?.reason.contains(words) == true, "\(String(describing: error))")
    }
}
