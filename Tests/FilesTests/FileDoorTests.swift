import Files
import Foundation
import TestSupport
import Testing

/// A file is read whole, up to a limit.
@Suite struct FileDataTests {
    @Test func aFileComesWhole() throws {
        let folder = try TemporaryFolder()
        for count in [0, 1, 4095, 4096, 100_000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
            try save(bytes, to: folder("f"))
            #expect(try Data(file: folder("f")) == Data(bytes))
        }
    }

    @Test func aFileBeyondTheLimitAndADeviceWithoutEndAreRefused() throws {
        let folder = try TemporaryFolder()
        try save(Array(repeating: 1, count: 10), to: folder("f"))
        #expect(try Data(file: folder("f"), limit: 10).count == 10)
        for path in [folder("f"), "/dev/zero"] {
            let error = failure { try Data(file: path, limit: 9) }
            #expect(error?.description == "\(path): holds more than 9 bytes, expected at most that many")
        }
    }

    @Test func aFolderAndAFileThatIsNotThereAreNamed() throws {
        let folder = try TemporaryFolder()
        #expect(
            failure { try Data(file: folder.path) }?.description == "\(folder.path): cannot be read: it is a folder")
        #expect(failure { try Data(file: folder("x")) }?.kind == .cannotOpen)
    }
}

/// What Git leaves in the place of a large file is told from the file, whoever opens it.
@Suite struct GitLFSPointerTests {
    static let pointer = """
        version https://git-lfs.github.com/spec/v1
        oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
        size 12345

        """
    private let words = "found a Git LFS pointer, expected the file itself of 12345 bytes; fetch it with git lfs pull"

    @Test func everyDoorToAFileTellsAPointer() throws {
        let folder = try TemporaryFolder(), path = folder("f")
        try save(Array(Self.pointer.utf8), to: path)
        #expect(failure { try Data(file: path) }?.description == "\(path): \(words)")
        #expect(failure { try FileBytes(mapping: path) }?.description == "\(path): \(words)")
        #expect(failure { try JSONMembers(path: path) }?.description == "\(path): \(words)")
        let error = #expect(throws: JSONLinesError.self) { try JSONLines(path: path, form: "…").next([Int].self) }
        #expect(error?.description.contains("found a Git LFS pointer") == true)
    }

    @Test func textThatOnlyLooksAlikeIsNoPointer() throws {
        let long = Self.pointer + String(repeating: "x", count: 1024)
        for text in ["version 1\n", "", "version https://git-lfs", long] {
            #expect(Array(text.utf8).withUnsafeBytes { GitLFSPointer($0) } == nil)
        }
    }
}

@Suite struct CountedTests {
    @Test func oneThingIsSingular() {
        #expect([0, 1, 2].map { counted($0, "layer") } == ["0 layers", "1 layer", "2 layers"])
        #expect([1, 2].map { counted($0, "trajectory", "trajectories") } == ["1 trajectory", "2 trajectories"])
    }
}
