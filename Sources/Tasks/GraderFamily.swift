import Foundation

/// All processes that come from one run of a grader: those of its process group, and those that have left it but carry
/// the run's mark in their environment.
struct GraderFamily {
    /// The shell, which leads the group.
    let leader: pid_t
    /// What ``variable`` holds in every process of the run.
    let mark: String

    /// Environment variable that marks a grader's processes, wherever they go.
    static let variable = "AUTODECO_GRADER"

    /// What they hold in memory together, from `/proc`; pages that they share count for each.
    func residentBytes() -> Int {
        let pages = members().reduce(0) { sum, id in
            guard let text = try? String(contentsOfFile: "/proc/\(id)/statm", encoding: .utf8) else { return sum }
            let fields = text.split(separator: " ")
            return sum + (fields.count > 1 ? Int(fields[1]) ?? 0 : 0)
        }
        return pages * Int(getpagesize())
    }

    /// Kills them all. A process may start another one while it is looked for, so that the search ends when it finds
    /// none.
    func kill() {
        Foundation.kill(-leader, SIGKILL)
        for _ in 0..<20 {
            // One that has ended is still listed until its parent has asked for it.
            let rest = members().filter { !hasEnded($0) }
            if rest.isEmpty { return }
            for id in rest { Foundation.kill(id, SIGKILL) }
            usleep(500)
        }
    }

    private func members() -> [pid_t] {
        let needle = Data("\(Self.variable)=\(mark)\0".utf8)
        return ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { name in
            // Processes are numbered upwards; numbers begin anew only after millions.
            guard let id = pid_t(name), id != getpid() else { return nil }
            if getpgid(id) == leader { return id }
            guard let environment = FileManager.default.contents(atPath: "/proc/\(id)/environ") else { return nil }
            return (environment + Data([0])).range(of: needle) == nil ? nil : id
        }
    }

    private func hasEnded(_ id: pid_t) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let name = text.lastIndex(of: ")")
        else { return true }
        return text[name...].dropFirst(2).first == "Z"
    }
}
