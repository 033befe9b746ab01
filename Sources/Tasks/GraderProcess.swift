import Foundation

/// How one run of a grader ended.
enum GraderProcess {
    /// Exit status (−1 for a signal), the last line of standard output that is not blank (nil where there is none), and
    /// whether standard error stayed empty.
    case ended(status: Int32, lastLine: Data?, isSilent: Bool)
    case overTime, overMemory

    /// Runs a grader in a process group of its own; nil where no process can be started.
    ///
    /// Input and output are files: a grader that does not read cannot stop us, and one that writes much cannot stop
    /// itself. The wait is for the shell alone: what it leaves behind, in its group or outside of it, is killed.
    static func run(_ grader: Grader, input: Data) -> GraderProcess? {
        let place = GraderFolder()
        guard let place, place.write(input) else { return nil }
        defer { place.remove() }
        let mark = place.mark
        guard let leader = spawn(grader, in: place) else { return nil }
        GraderFolder.running.withLock { $0[mark] = leader }
        defer { GraderFolder.running.withLock { $0[mark] = nil } }
        let family = GraderFamily(leader: leader, mark: mark)

        let deadline = DispatchTime.now() + grader.seconds
        var status: Int32 = 0, polls = 0
        while true {
            let found = waitpid(leader, &status, WNOHANG)
            if found == leader { break }
            if found < 0, errno != EINTR { return nil }
            let isLate = DispatchTime.now() >= deadline
            if isLate || family.residentBytes() > grader.megabytes << 20 {
                family.kill()
                while waitpid(leader, &status, 0) < 0, errno == EINTR {}
                return isLate ? .overTime : .overMemory
            }
            // Short graders are seen to end soon, long ones cost little.
            polls += 1
            usleep(polls < 40 ? 1000 : 5000)
        }
        family.kill()
        // As wait(2) packs it: the signal in the low seven bits, the exit status above.
        let signal = status & 0x7F
        if signal == SIGXCPU { return .overTime }
        return .ended(
            status: signal == 0 ? (status >> 8) & 0xFF : -1, lastLine: place.lastLine, isSilent: place.isErrorEmpty)
    }

    /// Starts the shell; nil where the system refuses.
    private static func spawn(_ grader: Grader, in place: GraderFolder) -> pid_t? {
        // Data in KiB, processor time in seconds, size of a file in blocks of 512 bytes, and no core dumps.
        let seconds = Int(min(grader.seconds, 1e6).rounded(.up)) + 1
        let limits = "ulimit -d \(grader.megabytes * 4096); ulimit -t \(seconds); ulimit -f 131072; ulimit -c 0"
        let words = ["/bin/sh", "-c", "\(limits); exec /bin/sh -c \"$1\"", "grader", grader.command]
        let environment = ProcessInfo.processInfo.environment.merging([GraderFamily.variable: place.mark]) { $1 }

        var actions = posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, place.input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, place.output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, place.error, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        posix_spawnattr_setpgroup(&attributes, 0)
        var leader: pid_t = 0
        let code = withCStrings(words) { words in
            withCStrings(environment.map { "\($0)=\($1)" }) { environment in
                posix_spawn(&leader, "/bin/sh", &actions, &attributes, words, environment)
            }
        }
        return code == 0 ? leader : nil
    }

    private static func withCStrings<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
