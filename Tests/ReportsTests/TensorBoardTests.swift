import Foundation
import Testing
@testable import Reports

struct TensorBoardTests {
    @Test func checksumsAreThoseOfRFC3720() {
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(CRC32C.checksum(0..<32) == 0x46DD_794E)
        #expect(CRC32C.checksum((0..<32).reversed()) == 0x113F_DB5C)
        #expect(CRC32C.checksum("123456789".utf8) == 0xE306_9283)
    }

    /// The same four events as TensorBoard 2.21's own protocol buffers and RecordWriter write them.
    @Test func aFileHasTheBytesThatTensorBoardWrites() throws {
        let golden =
            """
            1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b3531100f000000000000006d53
            2b090900002040fc54d94110033a02080120ab681c1a00000000000000129bd82d0900005040fc54d94110032a0d0a0b0a04
            6c6f7373150000003ffb8bc7df860000000000000070011d5c0900008040fc54d94110ac022a780a760a01542a7109000000
            000000d03f11000000000000f43f19000000000000084021000000000000fc3f29000000000000fb3f322000000000000000
            00000000000000e03f000000000000f03f000000000000f83f3a200000000000000000000000000000004000000000000000
            00000000000000f03fe39f2558
            """.filter { !$0.isWhitespace }
        try withFolder { folder in
            let writer = try TensorBoardWriter(folder: folder + "/a/b", wallTime: 1_700_000_000.5, resumingAt: 3)
            try writer.scalar("loss", 0.5, step: 3, wallTime: 1_700_000_001.25)
            try writer.histogram(
                "T", Histogram(of: [0.25, 1.25, 0.25], bins: 4, range: 0...2), step: 300, wallTime: 1_700_000_002)
            try writer.close()
            #expect(writer.path == folder + "/a/b/events.out.tfevents.1700000000.autodeco")
            let bytes = try #require(FileManager.default.contents(atPath: writer.path))
            #expect(bytes.map { String(format: "%02x", $0) }.joined() == golden)
        }
    }

    @Test func everyRecordIsInTheFileWhenTheCallReturns() throws {
        try withFolder { folder in
            let writer = try TensorBoardWriter(folder: folder, wallTime: 1)
            let before = FileManager.default.contents(atPath: writer.path)?.count ?? 0
            try writer.scalar("a", .nan, step: 1, wallTime: 1)
            #expect((FileManager.default.contents(atPath: writer.path)?.count ?? 0) > before)
        }
    }

    @Test func aResumedRunsFileSortsAfterAllOthersWhateverTheClockSays() throws {
        try withFolder { folder in
            for name in [
                "events.out.tfevents.1700000500.host.12.0", "events.out.tfevents.nonsense",
                "events.out.tfevents.9223372036854775807.x",
            ] {
                #expect(FileManager.default.createFile(atPath: folder + "/" + name, contents: nil))
            }
            let names = try (0..<3).map { _ in
                let writer = try TensorBoardWriter(folder: folder, wallTime: 1_600_000_000, resumingAt: 7)
                return (writer.path as NSString).lastPathComponent
            }
            #expect(names == (501...503).map { "events.out.tfevents.1700000\($0).autodeco" })
        }
    }

    @Test func anEmptyHistogramHasNoBuckets() {
        let event = Event.histogram("a", Histogram(of: [Double]()), step: 0, wallTime: 0)
        #expect(event.bytes == [0x2A, 0x07, 0x0A, 0x05, 0x0A, 0x01, 0x61, 0x2A, 0x00])
    }

    @Test func aFolderThatCannotBeMadeIsToldByName() throws {
        try withFolder { folder in
            #expect(FileManager.default.createFile(atPath: folder + "/file", contents: nil))
            let error = #expect(throws: ReportsError.self) {
                try TensorBoardWriter(folder: folder + "/file", wallTime: 1)
            }
            #expect(error?.path == folder + "/file")
        }
    }

    @Test func writingAfterClosingIsAnError() throws {
        try withFolder { folder in
            let writer = try TensorBoardWriter(folder: folder, wallTime: 1)
            try writer.close()
            try writer.close()
            #expect(throws: ReportsError.self) { try writer.scalar("a", 1, step: 1, wallTime: 1) }
        }
    }
}
