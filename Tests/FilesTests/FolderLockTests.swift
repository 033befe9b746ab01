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

    @Test func aFileIsNoFolder() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("lock-\(UUID().uuidString)")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(throws: FileError.self) { try FolderLock(file) }
    }
}
