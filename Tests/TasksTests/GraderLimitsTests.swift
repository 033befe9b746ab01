import Foundation
import Testing

@testable import Tasks

/// No grader outlives its limits or its verdict, whatever it starts.
@Suite(.serialized) struct GraderLimitsTests {
    private func verdict(_ command: String, seconds: Double = 5, megabytes: Int = 64) -> Verdict {
        CommandVerifier(Grader(command: command, seconds: seconds, megabytes: megabytes))
            .verdict(on: "", of: Problem(id: "p", text: "", answer: .absent))
    }

    /// Seconds of a sleep that nobody else sleeps.
    private func mark() -> String { "\(600 + Int.random(in: 1...9_999_999)).5" }

    /// How many processes have the mark on their command line.
    private func running(_ mark: String) -> Int {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).count { process in
            // A process that is being killed has no command line any more.
            Int(process) != nil && (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8))?.contains(mark) == true
        }
    }

    private func folders() -> Set<String> {
        let names = try? FileManager.default.contentsOfDirectory(atPath: FileManager.default.temporaryDirectory.path)
        return Set(names ?? []).filter { $0.hasPrefix("grader-") }
    }

    /// A child in the group, one in a group of its own, one in a session of its own, one whose parent is gone, one without environment.
    @Test(arguments: [
        "sleep MARK & sleep MARK", "timeout 3000 sleep MARK", "setsid sleep MARK & sleep MARK", "(setsid nohup sleep MARK &) ; sleep MARK",
        "env -i setsid sleep MARK & sleep MARK", "setsid sh -c 'setsid sleep MARK & setsid sleep MARK' | cat",
    ])
    func gradersThatTakeTooLongAreKilledWithAllTheyStarted(command: String) {
        let mark = mark(), start = ContinuousClock.now
        #expect(verdict(command.replacingOccurrences(of: "MARK", with: mark), seconds: 0.4) == .wrong(.graderTimeLimit))
        #expect(ContinuousClock.now - start < .seconds(4) && running(mark) == 0)
    }

    @Test(arguments: ["sleep MARK & exit 0", "setsid sleep MARK & exit 0", "(setsid nohup sleep MARK >/dev/null 2>&1 &); exit 0"])
    func whatAGraderLeavesBehindIsKilledAndNotWaitedFor(command: String) {
        let mark = mark(), start = ContinuousClock.now
        #expect(verdict(command.replacingOccurrences(of: "MARK", with: mark), seconds: 60) == .correct)
        #expect(ContinuousClock.now - start < .seconds(4) && running(mark) == 0)
    }

    @Test func gradersThatTakeTooMuchMemoryAreKilled() {
        // dd holds one block of 200 MiB, beyond 64 and below the kernel's 256.
        #expect(verdict("dd if=/dev/zero of=/dev/null bs=200M count=1000 2>/dev/null") == .wrong(.graderMemoryLimit))
        #expect(verdict("dd if=/dev/zero of=/dev/null bs=20M count=2 2>/dev/null") == .correct)
    }

    @Test func memoryOutsideOfTheGroupCountsToo() {
        #expect(verdict("setsid dd if=/dev/zero of=/dev/null bs=200M count=1000 2>/dev/null & wait", megabytes: 64) == .wrong(.graderMemoryLimit))
    }

    @Test func gradersGetNoDescriptorsOfTheProgram() {
        let lock = open("/dev/null", O_RDONLY)
        defer { close(lock) }
        #expect(verdict("test ! -e /proc/self/fd/\(lock)") == .correct)
    }

    @Test func programsThatEndAtOnceLeaveNoGraderBehind() async {
        await #expect(processExitsWith: .exitCode(42)) {
            let own = FileManager.default.temporaryDirectory.appendingPathComponent("graders of \(getpid())")
            try? FileManager.default.createDirectory(at: own, withIntermediateDirectories: false)
            setenv("TMPDIR", own.path, 1)
            let tests = GraderLimitsTests(), mark = tests.mark()
            DispatchQueue.global().async { _ = tests.verdict("setsid sleep \(mark) & sleep \(mark)", seconds: 600) }
            for _ in 0..<500 where tests.running(mark) < 3 { usleep(10_000) }
            guard tests.running(mark) >= 3, tests.folders().count == 1 else { exit(1) }
            RunningGraders.endAll()
            usleep(50_000)
            let isClean = tests.running(mark) == 0 && tests.folders().isEmpty
            try? FileManager.default.removeItem(at: own)
            exit(isClean && !tests.verdict("exit 0").isCorrect ? 42 : 2)
        }
    }
}
