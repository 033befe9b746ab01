import Foundation
import Synchronization

/// The temporary folder of one run of a grader: what it reads, and what it writes.
struct GraderFolder {
    /// Names the run; also the folder's name.
    let mark: String
    private let url: URL

    var input: String { url.appendingPathComponent("input").path }
    var output: String { url.appendingPathComponent("output").path }
    var error: String { url.appendingPathComponent("error").path }

    /// Graders that run now: their marks, and the shells that lead them.
    static let running = Mutex<[String: pid_t]>([:])

    /// A line of a verdict is short; a longer one is none.
    private static let longestLine = 1 << 16

    /// A new folder; nil where the system refuses.
    init?() {
        mark = "grader-\(UUID().uuidString)"
        url = Self.place(mark)
        do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false) } catch { return nil }
    }

    private static func place(_ mark: String) -> URL {
        FileManager.default.temporaryDirectory.appendingPathComponent(mark)
    }

    func write(_ data: Data) -> Bool { FileManager.default.createFile(atPath: input, contents: data) }

    func remove() { try? FileManager.default.removeItem(at: url) }

    var isErrorEmpty: Bool {
        var status = stat()
        return stat(error, &status) == 0 && status.st_size == 0
    }

    /// The last line of the output that is not blank, however much stands before it; nil where there is none. Of a
    /// longer line its end.
    var lastLine: Data? {
        guard let file = try? FileHandle(forReadingFrom: URL(fileURLWithPath: output)) else { return nil }
        defer { try? file.close() }
        guard var end = try? file.seekToEnd() else { return nil }
        var tail = Data()
        func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
        while end > 0 {
            let start = end > 65_536 ? end - 65_536 : 0
            guard (try? file.seek(toOffset: start)) != nil, let piece = try? file.read(upToCount: Int(end - start))
            else { return nil }
            tail = piece + tail
            end = start
            while let last = tail.last, isBlank(last) { tail.removeLast() }
            if tail.isEmpty { continue }
            if let line = tail.lastIndex(of: 0x0A) { return Data(tail[tail.index(after: line)...]) }
            if tail.count > Self.longestLine { return Data(tail) }
        }
        return tail.isEmpty ? nil : tail
    }

    /// Kills all graders that run now and removes their folders: for a program that is about to end at once.
    static func endAll() {
        for (mark, leader) in running.withLock({ $0 }) {
            GraderFamily(leader: leader, mark: mark).kill()
            try? FileManager.default.removeItem(at: place(mark))
        }
    }
}
