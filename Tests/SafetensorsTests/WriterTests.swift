import Foundation
import TestSupport
import Testing

@testable import Safetensors

struct WriterTests {
    @Test(arguments: ElementType.allCases.filter { $0.blockSize == 1 })
    func everyTypeSurvivesARoundTrip(_ type: ElementType) throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<6 * type.byteWidth).map { UInt8($0 * 37 & 0xFF) }
        try SafetensorsWriter.write([NewTensor("t", [2, 3], bytes: bytes, as: type)], to: folder("t"))
        let tensor = try SafetensorsFile(path: folder("t")).tensor("t")
        #expect(tensor.type == type && tensor.shape == [2, 3] && tensor.count == 6)
        #expect(Array(tensor.bytes) == bytes)
    }

    @Test func valuesOfEveryScalarSurviveARoundTrip() throws {
        let folder = try TemporaryFolder()
        let path = folder("all")
        let floats: [Float] = [0.5, -1.25, 65_504]
        try SafetensorsWriter.write(
            [
                NewTensor("f32", [3], floats), NewTensor("f64 from float", [3], floats, as: .f64),
                NewTensor("f16", [3], floats, as: .f16), NewTensor("bf16", [2], [0.5, -1.25] as [Double], as: .bf16),
                NewTensor("f64", [2], [.pi, -.infinity] as [Double]),
                NewTensor("f32 from double", [1], [0.1] as [Double], as: .f32),
                NewTensor("f16 from double", [1], [1 + 0x1p-11 + 0x1p-40] as [Double], as: .f16),
                NewTensor("i32", [2], [.min, .max] as [Int32]), NewTensor("i64", [], [Int.min]),
                NewTensor("i32 from int", [1, 1], [-5], as: .i32), NewTensor("u8", [2], [0, 255], as: .u8),
                NewTensor("empty", [0, 3], [] as [Float]),
            ], to: path)
        let file = try SafetensorsFile(path: path)
        for name in ["f32", "f64 from float", "f16"] { #expect(try file.tensor(name).values(as: Float.self) == floats) }
        #expect(try file.tensor("bf16").values(as: Double.self) == [0.5, -1.25])
        #expect(try file.tensor("f64").values(as: Double.self) == [.pi, -.infinity])
        #expect(try file.tensor("f32 from double").values(as: Float.self) == [0.1])
        #expect(try file.tensor("f16 from double").values(as: Double.self) == [1 + 0x1p-10])
        #expect(try file.tensor("i32").values(as: Int32.self) == [.min, .max])
        #expect(try file.tensor("i64").values(as: Int.self) == [.min])
        #expect(try file.tensor("i32 from int").values(as: Int.self) == [-5])
        #expect(try file.tensor("u8").values(as: Int.self) == [0, 255])
        #expect(try file.tensor("empty").shape == [0, 3])
        #expect(file.names.first == "f32" && file.names.last == "empty")
    }

    @Test func sameContentGivesTheSameBytesWithAPaddedHeader() throws {
        let folder = try TemporaryFolder()
        for size in 0..<16 {
            let metadata = Dictionary(uniqueKeysWithValues: (0...size).map { ("key \($0)", "\"value\"\n\\\u{1}é") })
            let tensors = [NewTensor("b", [1], [1] as [Float]), NewTensor("a\"\u{7}é😀", [0], [] as [Float])]
            try SafetensorsWriter.write(tensors, metadata: metadata, to: folder("1"))
            try SafetensorsWriter.write(tensors, metadata: metadata, to: folder("2"))
            let bytes = try load(folder("1"))
            #expect(try bytes == load(folder("2")))
            let file = try SafetensorsFile(bytes: bytes)
            #expect(file.metadata == metadata)
            #expect(file.entries[0].byteRange.lowerBound % 8 == 0)
            #expect(file.names == ["b", "a\"\u{7}é😀"])
        }
        let text = try String(decoding: load(folder("1")), as: UTF8.self)
        #expect(text.contains(#"{"__metadata__":{"key 0":"\"value\"\u000a\\\u0001é","key 1":"#))
    }

    @Test func headerIsTheOneThatTheFormatShows() throws {
        let folder = try TemporaryFolder()
        try SafetensorsWriter.write(
            [NewTensor("w", [1, 2], [1, 2] as [Float])], metadata: ["format": "pt"], to: folder("w"))
        let header = #"{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}"#
        #expect(try load(folder("w")) == assemble(header + " ", data: [0, 0, 128, 63, 0, 0, 0, 64]))
    }

    @Test func piecesMakeTheSameFileAsWholeArrays() throws {
        let folder = try TemporaryFolder()
        let values = (0..<200_000).map { Float($0) / 7 }
        let rows = (0..<3).map(Int32.init)
        try SafetensorsWriter.write(
            [
                NewTensor("hidden", [2000, 100], values, as: .bf16), NewTensor("none", [0], [] as [Float]),
                NewTensor("rows", [3], rows),
            ],
            to: folder("whole"))
        let writer = try SafetensorsWriter(
            path: folder("pieces"),
            tensors: [.init("hidden", .bf16, [2000, 100]), .init("none", .f32, [0]), .init("rows", .i32, [3])])
        var start = 0
        for size in [0, 1, 65_535, 65_536, 65_537, 3391] {
            try writer.append(Array(values[start..<start + size]), to: "hidden")
            start += size
        }
        #expect(start == values.count)
        try writer.append(Array(rows[..<1]), to: "rows")
        try rows[1...].withUnsafeBytes { try writer.append(bytes: $0, to: "rows") }
        try writer.finish()
        #expect(try load(folder("whole")) == load(folder("pieces")))
    }

    @Test func declarationsThatMakeNoFileAreErrors() throws {
        let folder = try TemporaryFolder()
        func reason(_ tensors: [TensorDeclaration], metadata: [String: String] = [:]) -> String {
            let error = failure { try SafetensorsWriter(path: folder("x"), tensors: tensors, metadata: metadata) }
            #expect(error?.kind == .cannotWrite)
            return error?.reason ?? ""
        }
        #expect(
            reason([.init("a", .u8, []), .init("a", .u8, [])])
                == "found the tensor name 'a' a second time, expected it only once")
        #expect(
            reason([.init("__metadata__", .u8, [])]).hasPrefix(
                "found a tensor called '__metadata__', expected another name")
        )
        #expect(reason([.init("a", .u8, [-1])]).hasPrefix("found the shape [-1] for tensor 'a', expected"))
        #expect(reason([.init("a", .f64, [Int.max])]).hasPrefix("found the shape [\(Int.max)]"))
        #expect(
            reason([.init("a", .u8, [Int.max]), .init("b", .u8, [1])]).hasPrefix("found the shape [1] for tensor 'b'"))
        let long = String(decoding: [UInt8](repeating: 0x78, count: 100_000_000), as: UTF8.self)
        #expect(reason([], metadata: ["k": long]).hasPrefix("found a header of 1000000"))
        #expect(try folder.contents.isEmpty)
    }
}
