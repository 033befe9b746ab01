import Foundation
import TestSupport
import Testing

@testable import Files

@Suite struct SpecialFileTests {
    private func kind(_ path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : 0
    }

    @Test func aDeviceIsWrittenThroughAndStays() throws {
        try AtomicFile.write(Data("x".utf8), to: "/dev/null")
        #expect(kind("/dev/null") == S_IFCHR)
        let error = #expect(throws: FileError.self) { try AtomicFile.write(Data("x".utf8), to: "/dev/full") }
        #expect(error?.kind == .cannotWrite && kind("/dev/full") == S_IFCHR)
    }

    @Test func aPipeIsWrittenThroughAndStays() throws {
        let folder = try TemporaryFolder(), path = folder("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        let reader = open(path, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        try AtomicFile.write(Data("through".utf8), to: path)
        var bytes = [UInt8](repeating: 0, count: 16)
        #expect(read(reader, &bytes, 16) == 7 && kind(path) == S_IFIFO)
        #expect(try folder.contents == ["pipe"])
    }

    @Test func aLinkStaysAndItsTargetIsReplaced() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder("deep"), withIntermediateDirectories: false)
        try save([1], to: folder("deep/target"))
        try FileManager.default.createSymbolicLink(atPath: folder("link"), withDestinationPath: "deep/target")
        try FileManager.default.createSymbolicLink(atPath: folder("new"), withDestinationPath: folder("deep/later"))
        try AtomicFile.write(Data([2]), to: folder("link"))
        try AtomicFile.write(Data([3]), to: folder("new"))
        #expect(kind(folder("link")) == S_IFLNK && kind(folder("new")) == S_IFLNK)
        #expect(try load(folder("deep/target")) == [2] && load(folder("deep/later")) == [3])
    }

    @Test func aFolderIsRefused() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: FileError.self) { try AtomicFile.write(Data([1]), to: folder.path) }
        #expect(error?.kind == .cannotWrite)
    }
}

@Suite struct JSONGuardTests {
    @Test(arguments: [
        "{}", "[1, \"é\"]", "\"\\\"[[[[\"", "{\"a\": \"\(String(repeating: "[", count: 500))\"}", "", "nonsense",
    ])
    func whatFoundationMayReadPasses(text: String) { #expect(JSONGuard.problem(in: Data(text.utf8)) == nil) }

    @Test func deepNestingIsNamedWithItsByte() {
        for sign in ["[", "{\"a\":"] {
            let text = String(repeating: sign, count: 200_000)
            #expect(JSONGuard.problem(in: Data(text.utf8))?.contains("nested deeper than 200 levels") == true)
        }
        #expect(JSONGuard.problem(in: Data(String(repeating: "[", count: 200).utf8)) == nil)
        #expect(
            JSONGuard.problem(in: Data(String(repeating: "[", count: 201).utf8))
                == "it is nested deeper than 200 levels at byte 200")
        // In JSON5 a quote in a comment opens no text.
        let hidden = "// it's\n" + String(repeating: "[", count: 300)
        #expect(JSONGuard.problem(in: Data(hidden.utf8), isJSON5: true) != nil)
    }

    @Test func aByteThatIsNoUTF8IsNamedWithItsPlace() {
        #expect(JSONGuard.problem(in: Data([0x22, 0xC3, 0xA9, 0xFF, 0x22])) == "byte 3 is not UTF-8")
        #expect(JSONGuard.problem(in: Data([0x7B, 0x7D, 0xC3])) == "byte 2 is not UTF-8")
    }

    @Test func decodingRefusesWhatWouldEndTheProcess() {
        let deep = Data(String(repeating: "[", count: 100_000).utf8)
        #expect(throws: DecodingError.self) { try JSONDecoder().decodeGuarded(JSONValue.self, from: deep) }
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decodeGuarded(JSONValue.self, from: Data([0x5B, 0xFF, 0x5D]))
        }
    }
}
