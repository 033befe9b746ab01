import Foundation

/// How one run of a grader ended.
enum GraderProcess {
    /// It ended by itself.
    case ended(GraderOutput)
    /// A signal ended it.
    case crashed
    case overTime, overMemory

    /// Nil where no process can be started.
    ///
    /// Input and output are files: a grader that does not read cannot stop us, and one that writes much cannot stop itself. When
    /// the grader has ended, or has reached a limit, all that it has started is killed.
    static func run(_ grader: Grader, input: Data) -> GraderProcess? {
        let name = "grader-\(UUID().uuidString)", mark = "AUTODECO_GRADER=\(name)"
        let files = FileManager.default, folder = files.temporaryDirectory.appendingPathComponent(name)
        guard RunningGraders.begin(mark, folder: folder) else { return nil }
        defer { RunningGraders.end(mark) }
        do { try files.createDirectory(at: folder, withIntermediateDirectories: false) } catch { return nil }
        defer { try? files.removeItem(at: folder) }
        let paths = ["input", "output", "error"].map { folder.appendingPathComponent($0).path }
        guard files.createFile(atPath: paths[0], contents: input) else { return nil }
        let descriptors = paths.enumerated().map { open($1, ($0 == 0 ? O_RDONLY : O_WRONLY | O_CREAT) | O_CLOEXEC, 0o600) }
        defer { for descriptor in descriptors where descriptor >= 0 { close(descriptor) } }
        guard descriptors.allSatisfy({ $0 >= 0 }) else { return nil }

        // Data in KiB, processor time in seconds, size of a file in blocks of 512 bytes, and no core dumps.
        let limits = "ulimit -d \(grader.megabytes * 4096); ulimit -t \(Int(grader.seconds.rounded(.up)) + 1); ulimit -f 131072; ulimit -c 0"
        let arguments = ["/bin/sh", "-c", "\(limits); exec /bin/sh -c \"$1\"", "grader", grader.command]
        let deadline = ContinuousClock.now + .seconds(grader.seconds)
        guard var tree = RunningGraders.start(mark, { ProcessTree.start(arguments, mark: mark, descriptors: descriptors) }) else { return nil }

        var pause: UInt32 = 500
        while !tree.hasEnded {
            tree.look()
            let isLate = ContinuousClock.now >= deadline
            if isLate || tree.residentBytes > grader.megabytes << 20 {
                _ = tree.end()
                return isLate ? .overTime : .overMemory
            }
            usleep(pause)
            pause = min(2 * pause, 5_000)
        }
        guard let status = tree.end() else { return .crashed }
        // The low bits tell of a signal; a shell tells of its child's by 128 + its number.
        let signal = status & 0x7f, code = (status >> 8) & 0xff
        if signal == SIGXCPU || code == 128 + SIGXCPU { return .overTime }
        return signal == 0 ? .ended(GraderOutput(status: code, output: paths[1], error: paths[2])) : .crashed
    }
}

/// What a grader that ended by itself has said.
struct GraderOutput {
    /// Exit status.
    let status: Int32
    /// The last line of standard output and of standard error that is not blank, up to 1 MiB of it; nil where there is none.
    let lastLine, lastError: String?
    /// Whether nothing stands on standard error.
    let isSilent: Bool

    fileprivate init(status: Int32, output: String, error: String) {
        (self.status, lastLine, lastError) = (status, Self.lastLine(of: output), Self.lastLine(of: error))
        isSilent = ((try? FileManager.default.attributesOfItem(atPath: error)[.size] as? Int) ?? 0) == 0
    }

    private static func lastLine(of path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path), let size = try? file.seekToEnd() else { return nil }
        defer { try? file.close() }
        // Line breaks behind the last line are passed over, however many they are.
        let block: UInt64 = 1 << 20
        var end = size, tail = Data()
        while end > 0 {
            let start = end > block ? end - block : 0
            guard (try? file.seek(toOffset: start)) != nil, let piece = try? file.read(upToCount: Int(end - start)) else { return nil }
            tail = piece + tail
            end = start
            while let last = tail.last, " \t\r\n".utf8.contains(last) { tail.removeLast() }
            if tail.count >= block || tail.contains(UInt8(ascii: "\n")) { break }
        }
        let line = tail.lastIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }.map { tail[($0 + 1)...] } ?? tail
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
    }
}
