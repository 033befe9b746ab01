import Foundation
import Testing
@testable import Files

@Suite struct FolderLockTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "lock-\(UUID().uuidString)/run", isDirectory: true)

    @Test func onlyOneHoldsAFolder() throws {
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        let lock = try FolderLock(folder)
        let error = #expect(throws: FileError.self) { try FolderLock(folder) }
        #expect(error?.description.contains("another process works in this folder") == true)
        withExtendedLifetime(lock) {}
    }

    @Test func aLockThatIsGoneLeavesTheFolderFreeAndEmpty() throws {
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        do { _ = try FolderLock(folder) }
        #expect(throws: Never.self) { try FolderLock(folder) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    /// As a program that is being started has one for a moment.
    @Test func aCopyOfTheDescriptorKeepsNoLock() throws {
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        var copies: [Int32] = []
        defer { for copy in copies { close(copy) } }
        do {
            let lock = try FolderLock(folder)
            let name = folder.resolvingSymlinksInPath().lastPathComponent
            copies = (3..<1024).filter { descriptor in
                let opened = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
                return opened?.hasSuffix("/\(folder.deletingLastPathComponent().lastPathComponent)/\(name)") == true
            }.map { dup($0) }
            #expect(!copies.isEmpty)
            withExtendedLifetime(lock) {}
        }
        #expect(throws: Never.self) { try FolderLock(folder) }
    }

    @Test func aFileIsNoFolder() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("lock-\(UUID().uuidString)")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(throws: FileError.self) { try FolderLock(file) }
    }
}
