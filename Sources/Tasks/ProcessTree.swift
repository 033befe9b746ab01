import Foundation

/// A process that leads a group of its own, and all that descends from it, also what leaves the group or outlives its parent.
///
/// A process belongs to the tree where its group is the leader's, where its parent belongs to it, or where the tree's mark stands in its
/// environment, which children inherit. It knows `/proc`; where there is none only the group is known.
struct ProcessTree {
    /// Its identifier is the group's, too. It is not waited for before ``end(within:)``, so that nobody else gets the identifier.
    let leader: pid_t
    private let mark: String
    /// Processes that were there before the leader, and those that have been looked at and are none of ours.
    private let older: Set<pid_t>
    private var others: Set<pid_t>
    /// Of each member when it began, so that another process of the same identifier is not taken for it.
    private var members: [pid_t: UInt64] = [:]

    /// - Parameter older: processes that are certainly none of the tree's.
    init(leader: pid_t, mark: String, older: Set<pid_t> = []) {
        (self.leader, self.mark, self.older, others) = (leader, mark, older, older)
    }

    /// Starts a leader.
    ///
    /// - Parameters:
    ///   - arguments: the program's path, and what it is called with.
    ///   - mark: a text such as `NAME=value`, which becomes part of its environment.
    ///   - descriptors: what becomes its standard input, output and error; it gets no others.
    /// - Returns: nil where no process can be started.
    static func start(_ arguments: [String], mark: String, descriptors: [Int32]) -> ProcessTree? {
        let older = Set(allProcesses())
        var attributes = posix_spawnattr_t(), actions = posix_spawn_file_actions_t()
        guard posix_spawnattr_init(&attributes) == 0 else { return nil }
        defer { posix_spawnattr_destroy(&attributes) }
        guard posix_spawn_file_actions_init(&actions) == 0 else { return nil }
        defer { posix_spawn_file_actions_destroy(&actions) }

        var signals = sigset_t(), none = sigset_t()
        sigfillset(&signals)
        sigemptyset(&none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        for (place, descriptor) in descriptors.enumerated() { posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(place)) }
        for open in numbers(in: "/proc/self/fd") where open >= descriptors.count { posix_spawn_file_actions_addclose(&actions, open) }

        let environment = [mark] + ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
        let texts = [arguments, environment].map { $0.map { strdup($0) } }
        defer { texts.joined().forEach { free($0) } }
        var process = pid_t()
        guard posix_spawn(&process, arguments[0], &actions, &attributes, texts[0] + [nil], texts[1] + [nil]) == 0 else { return nil }
        return ProcessTree(leader: process, mark: mark, older: older)
    }

    /// Whether the leader has ended; it waits to be asked how.
    var hasEnded: Bool {
        var found = siginfo_t()
        return waitid(P_PID, id_t(leader), &found, WEXITED | WNOHANG | WNOWAIT) != 0 || found.si_signo == SIGCHLD
    }

    /// Looks for members that have come since the last look.
    mutating func look() {
        for process in Self.allProcesses() where members[process] == nil && !others.contains(process) {
            guard let status = ProcessStatus(process) else { continue }
            if process == leader || status.group == leader || members[status.parent] != nil || status.hasInEnvironment(mark) {
                members[process] = status.start
            } else {
                others.insert(process)
            }
        }
    }

    /// What all members hold in memory; pages that they share count for each.
    var residentBytes: Int { living.reduce(0) { $0 + $1.status.residentPages } * Int(getpagesize()) }

    private var living: [(process: pid_t, status: ProcessStatus)] {
        members.compactMap { process, start in
            guard let status = ProcessStatus(process), status.start == start, !status.isZombie else { return nil }
            return (process, status)
        }
    }

    /// Kills all members, again and again while they start others, for two seconds at most.
    mutating func killAll() {
        for _ in 0..<2_000 {
            kill(-leader, SIGKILL)
            others = older
            look()
            let living = living
            if living.isEmpty { return }
            for (process, _) in living { kill(process, SIGKILL) }
            usleep(1_000)
        }
    }

    /// Kills what is there and waits for the leader, whose status as `waitpid` has it is returned; nil where it cannot be killed.
    mutating func end() -> Int32? {
        killAll()
        var status: Int32 = 0
        for _ in 0..<2_000 {
            if waitpid(leader, &status, WNOHANG) != 0 { return status }
            usleep(1_000)
        }
        return nil
    }

    private static func allProcesses() -> [pid_t] { numbers(in: "/proc") }

    /// The names in a folder that are whole numbers: processes in `/proc`, descriptors in `/proc/self/fd`.
    private static func numbers(in path: String) -> [Int32] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var found: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if let number = Int32(name) { found.append(number) }
        }
        return found
    }
}

/// What `/proc` says about a process.
private struct ProcessStatus {
    private let process: pid_t
    let parent, group: pid_t
    let isZombie: Bool
    /// Ticks since the system began.
    let start: UInt64
    let residentPages: Int

    /// Nil for a process that is gone.
    init?(_ process: pid_t) {
        // The name in front may hold spaces and brackets.
        guard let content = FileManager.default.contents(atPath: "/proc/\(process)/stat"), let name = content.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = content[(name + 1)...].split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        guard fields.count > 21, let parent = pid_t(fields[1]), let group = pid_t(fields[2]), let start = UInt64(fields[19]), let pages = Int(fields[21])
        else { return nil }
        (self.process, self.parent, self.group, self.start, residentPages) = (process, parent, group, start, pages)
        isZombie = fields[0] == "Z" || fields[0] == "X"
    }

    func hasInEnvironment(_ text: String) -> Bool {
        FileManager.default.contents(atPath: "/proc/\(process)/environ")?.range(of: Data(text.utf8)) != nil
    }
}
