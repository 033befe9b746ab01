@testable import Files
import Foundation
import Synchronization
import TestSupport
import Testing
@testable import Safetensors

/// A folder in which `t` holds an old file, and a check that it still does and is alone.
private struct OldFile {
    let folder: TemporaryFolder
    let old: [UInt8]
    var path: String { folder("t") }

    init() throws {
        folder = try TemporaryFolder()
        try SafetensorsWriter.write([NewTensor("old", [1], [1] as [Float])], to: folder("t"))
        old = try load(folder("t"))
    }

    func isUntouched() throws -> Bool { try load(path) == old && folder.contents == ["t"] }
}

struct AtomicityTests {
    private let declared: [TensorDeclaration] = [.init("a", .f32, [2]), .init("b", .i32, [1])]

    /// Writes over an old file, expects an error of these words, and the old file in its place.
    private func expectFailure(
        _ words: String, kind: FileError.Kind = .cannotWrite, sourceLocation: SourceLocation = #_sourceLocation,
        _ steps: (SafetensorsWriter) throws -> Void
    ) throws {
        let file = try OldFile()
        let writer = try SafetensorsWriter(path: file.path, tensors: declared)
        #expect(try file.folder.contents.count == 2, "the new bytes wait beside the old file")
        let error = failure(of: { try steps(writer) })
        #expect(error?.kind == kind)
        #expect(error?.description == "\(file.path): \(words)")
        #expect(try file.isUntouched())
        #expect(failure { try writer.finish() }?.reason == "found a call after the end of the file, expected none")
        #expect(try file.isUntouched())
    }

    @Test func missingBytesLeaveTheOldFile() throws {
        try expectFailure("found 4 bytes for tensor 'a' at the end, expected 8") { writer in
            try writer.append([1] as [Float], to: "a")
            try writer.finish()
        }
        try expectFailure("found 0 bytes for tensor 'b' at the end, expected 4") { writer in
            try writer.append([1, 2] as [Float], to: "a")
            try writer.finish()
        }
    }

    @Test func surplusBytesLeaveTheOldFile() throws {
        try expectFailure("found 12 bytes for tensor 'a', expected 8") { writer in
            try writer.append([1, 2] as [Float], to: "a")
            try writer.append([3] as [Float], to: "a")
        }
        try expectFailure("found values for tensor 'c' after all tensors were full, expected none") { writer in
            try writer.append([1, 2] as [Float], to: "a")
            try writer.append([1] as [Int32], to: "b")
            try writer.append([1] as [Int32], to: "c")
        }
    }

    @Test func wrongOrderLeavesTheOldFile() throws {
        try expectFailure("found values for tensor 'b', expected them for 'a', which has 4 of its 8 bytes") { writer in
            try writer.append([1] as [Float], to: "a")
            try writer.append([1] as [Int32], to: "b")
        }
    }

    @Test func valuesThatDoNotConvertLeaveTheOldFile() throws {
        try expectFailure(
            "found values of type Int32 for tensor 'a', expected ones that convert to F32", kind: .unconvertible
        ) { try $0.append([1] as [Int32], to: "a") }
        try expectFailure("found 4294967296 for tensor 'b', expected a value that fits I32", kind: .unconvertible) {
            writer in
            try writer.append([1, 2] as [Float], to: "a")
            try writer.append([1 << 32], to: "b")
        }
    }

    @Test func arraysThatDoNotMatchTheirShapeLeaveTheOldFile() throws {
        let file = try OldFile()
        let error = failure {
            try SafetensorsWriter.write([NewTensor("a", [2, 2], [1, 2, 3] as [Float])], to: file.path)
        }
        #expect(error?.reason == "found 12 bytes for tensor 'a' at the end, expected 16")
        #expect(try file.isUntouched())
    }

    @Test func abandonedWriterLeavesTheOldFile() throws {
        let file = try OldFile()
        do {
            let writer = try SafetensorsWriter(path: file.path, tensors: declared)
            try writer.append([1, 2] as [Float], to: "a")
        }
        #expect(try file.isUntouched())
    }

    @Test func finishedFileReplacesTheOldOneWhereReadersOfTheOldKeepIt() throws {
        let file = try OldFile()
        let reader = try SafetensorsFile(path: file.path)
        try SafetensorsWriter.write([NewTensor("new", [1], [2] as [Float])], to: file.path)
        #expect(try reader.tensor("old").values(as: Float.self) == [1])
        #expect(try SafetensorsFile(path: file.path).names == ["new"])
        #expect(try file.folder.contents == ["t"])
    }

    @Test func fullDiskIsASentenceAndLeavesTheOldFile() throws {
        let file = try OldFile()
        let left = Mutex(10)
        let new = try AtomicFile(path: file.path) { descriptor, bytes, count in
            left.withLock { left in
                let taken = min(left, count, 4)
                left -= taken
                if taken == 0 { errno = ENOSPC }
                return taken == 0 ? -1 : write(descriptor, bytes, taken)
            }
        }
        let error = failure { try Array(0..<100 as Range<UInt8>).withUnsafeBytes(new.write) }
        #expect(error?.description == "\(file.path): cannot write the file: No space left on device")
        #expect(error?.kind == .cannotWrite)
        #expect(try file.isUntouched())
    }

    @Test func interruptedAndShortWritesAreContinued() throws {
        let folder = try TemporaryFolder()
        let calls = Mutex(0)
        let file = try AtomicFile(path: folder("t")) { descriptor, bytes, count in
            let call = calls.withLock { calls in
                calls += 1
                return calls
            }
            guard call % 2 == 0 else {
                errno = EINTR
                return -1
            }
            return write(descriptor, bytes, min(count, 7))
        }
        let bytes = Array(0..<200 as Range<UInt8>)
        try bytes.withUnsafeBytes(file.write)
        try file.commit()
        #expect(try load(folder("t")) == bytes)
    }

    @Test func missingFolderAndTakenNameAreSentences() throws {
        let folder = try TemporaryFolder()
        let missing = failure { try SafetensorsWriter(path: folder("none/t"), tensors: []) }
        #expect(missing?.description == "\(folder("none/t")): cannot write the file: No such file or directory")

        try FileManager.default.createDirectory(atPath: folder("t"), withIntermediateDirectories: false)
        let taken = failure { try AtomicFile.write([1, 2, 3] as [UInt8], to: folder("t")) }
        #expect(taken?.kind == .cannotWrite)
        #expect(taken?.reason == "cannot write the file: Is a directory")
        #expect(try folder.contents == ["t"])
    }

    @Test(.enabled(if: geteuid() != 0, "the superuser may write everywhere"))
    func unwritableFolderIsASentence() throws {
        let folder = try TemporaryFolder()
        chmod(folder.path, 0o500)
        defer { chmod(folder.path, 0o700) }
        let error = failure { try AtomicFile.write([1] as [UInt8], to: folder("t")) }
        #expect(error?.reason == "cannot write the file: Permission denied")
    }

    @Test func anyBytesCanBeWrittenAtOnceAndTwoWritersDoNotMeet() throws {
        let folder = try TemporaryFolder()
        let one = try AtomicFile(path: folder("t"))
        let two = try AtomicFile(path: folder("t"))
        try [1].withUnsafeBytes(one.write)
        try AtomicFile.write(Data("{}".utf8), to: folder("t"))
        #expect(try load(folder("t")) == Array("{}".utf8))
        try [UInt8(2)].withUnsafeBytes(two.write)
        try two.commit()
        one.discard()
        #expect(try load(folder("t")) == [2])
        #expect(try folder.contents == ["t"])
    }
}
