import Foundation
import Testing

@testable import Tasks

/// A user's grader decides, within its limits.
@Suite(.serialized) struct CommandVerifierTests {
    private func verdict(
        _ command: String, seconds: Double = 5, megabytes: Int = 64, completion: String = "it's \"42\"\n"
    ) -> Verdict {
        let problem = Problem(id: "p", text: "6*7?", answer: .text("42"))
        return CommandVerifier(Grader(command: command, seconds: seconds, megabytes: megabytes)).verdict(
            on: completion, of: problem)
    }

    @Test func theGraderSeesProblemAnswerAndCompletion() {
        #expect(verdict(#"grep -q '"completion":"it.s \\"42\\"\\n"'"#) == .correct)
        #expect(
            verdict(#"grep -q '"answer":"42"'"#) == .correct && verdict(#"grep -q '"problem":"6\*7?"'"#) == .correct)
        #expect(verdict(#"grep -q '"answer":"43"'"#) == .wrong(.wrongValue))
    }

    @Test func theLastLineOrTheStatusIsTheVerdict() {
        #expect(verdict(#"echo looking; echo '{"correct": true, "why": "so"}'; exit 3"#) == .correct)
        #expect(verdict(#"echo '{"correct": true}'; echo '{"correct": false}'"#) == .wrong(.wrongValue))
        #expect(verdict("exit 0") == .correct && verdict("exit 1") == .wrong(.wrongValue))
    }

    @Test(arguments: [
        #"{"correct": false, "score": NaN}"#, #"{"correct": 0}"#, #"{"correct": 1}"#, "False", "True", "looks fine",
        #"{"correct": "yes"}"#, #"{"right": true}"#, "{", "null",
    ])
    func outputWithoutAClearVerdictIsAFaultOfTheGrader(line: String) {
        for status in [0, 1] {
            #expect(verdict("echo '\(line)'; exit \(status)") == .wrong(.graderUnclear), "status \(status)")
        }
        #expect(verdict("echo '\(line)'; exit 2") == .wrong(.graderFailed))
    }

    /// `timeout` makes a group of its own, `setsid` a session: neither keeps the wait open, and nothing is left behind.
    @Test(arguments: [
        "timeout 20 sleep MARK", "setsid sleep MARK &", "setsid sleep MARK & sleep 0.01",
        "(setsid sh -c 'sleep MARK; :' &)",
    ])
    func whatHasLeftTheGroupNeitherHoldsTheWaitNorStays(command: String) {
        let mark = "\(600 + Int.random(in: 1...9_999_999)).25", start = ContinuousClock.now
        let found = verdict(command.replacing("MARK", with: mark), seconds: 0.5)
        #expect(found == (command.hasPrefix("timeout") ? .wrong(.graderTimeLimit) : .correct))
        #expect(ContinuousClock.now - start < .seconds(5))
        Thread.sleep(forTimeInterval: 0.05)
        #expect(running(mark) == [])
    }

    @Test func endingAllGradersEndsThemAndTheirFolders() async throws {
        let mark = "\(600 + Int.random(in: 1...9_999_999)).75"
        // A thread of its own: tasks may wait for those that other tests block.
        async let found = withCheckedContinuation { done in
            Thread.detachNewThread { done.resume(returning: self.verdict("sleep \(mark)", seconds: 60)) }
        }
        let deadline = ContinuousClock.now + .seconds(30)
        while running(mark).isEmpty, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
        try #require(!running(mark).isEmpty)
        CommandVerifier.endAll()
        #expect(await found == .wrong(.graderFailed))
        #expect(running(mark) == [])
        let left = try FileManager.default.contentsOfDirectory(atPath: FileManager.default.temporaryDirectory.path)
        #expect(!left.contains { $0.hasPrefix("grader-") })
    }

    /// Processes whose command line holds a mark.
    private func running(_ mark: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.filter {
            (try? String(contentsOfFile: "/proc/\($0)/cmdline", encoding: .utf8))?.contains(mark) == true
        } ?? ["/proc cannot be read"]
    }

    @Test func gradersThatCrashAreNotTakenAtTheirWord() {
        #expect(verdict("echo Traceback >&2; exit 1") == .wrong(.graderFailed))
        #expect(verdict("exit 2") == .wrong(.graderFailed) && verdict("no-such-grader") == .wrong(.graderFailed))
        #expect(verdict("kill -SEGV $$") == .wrong(.graderFailed))
    }

    @Test func gradersThatTakeTooLongAreKilledWithTheirChildren() {
        let mark = "\(600 + Int.random(in: 1...9_999_999)).5"
        let start = ContinuousClock.now
        #expect(
            verdict("sleep \(mark) & sleep \(mark); echo '{\"correct\": true}'", seconds: 0.3)
                == .wrong(.graderTimeLimit))
        #expect(verdict("sleep \(mark) & exit 0") == .correct)
        #expect(ContinuousClock.now - start < .seconds(4))
        Thread.sleep(forTimeInterval: 0.05)
        #expect(running(mark) == [])
    }

    @Test func gradersThatTakeTooMuchMemoryAreKilled() {
        // dd holds one block of 200 MiB, beyond 64 and below the kernel's 256.
        #expect(verdict("dd if=/dev/zero of=/dev/null bs=200M count=1000 2>/dev/null") == .wrong(.graderMemoryLimit))
        #expect(verdict("dd if=/dev/zero of=/dev/null bs=20M count=2 2>/dev/null") == .correct)
    }

    @Test func muchInputAndOutputBlockNothing() {
        let long = String(repeating: "x", count: 1 << 20)
        #expect(verdict("exit 0", completion: long) == .correct)
        // A verdict counts however much log stands before it.
        let log = "head -c 3000000 /dev/zero | tr '\\0' 'x' | fold -w 80; echo"
        #expect(verdict("\(log); echo '{\"correct\": false}'") == .wrong(.wrongValue))
        #expect(verdict("\(log); echo '{\"correct\": true}'") == .correct)
        #expect(verdict(#"head -c 500000 /dev/zero | tr '\0' '\n'; echo '{"correct": false}'"#) == .wrong(.wrongValue))
    }

    // MARK: What the grader gets

    @Test func membersOfTheProblemsLineReachTheGrader() {
        let problem = Problem(
            id: "1000", text: "Write.", answer: .absent,
            members: [
                .init(name: "kwargs", json: #"[{}, {"n": 1e-7}]"#), .init(name: "completion", json: #""forged""#),
            ])
        func verdict(_ pattern: String) -> Verdict {
            CommandVerifier(Grader(command: "grep -qF '\(pattern)'")).verdict(on: "said", of: problem)
        }
        #expect(verdict(#""kwargs":[{}, {"n": 1e-7}]}"#) == .correct && verdict(#""completion":"said""#) == .correct)
        #expect(verdict("forged") == .wrong(.wrongValue) && verdict("answer") == .wrong(.wrongValue))
    }

    @Test func aCommandNeedsAGrader() {
        #expect(throws: VerifierError.self) { try VerifierName.command.verifier() }
        #expect(throws: Never.self) { try VerifierName.command.verifier(grader: Grader(command: "true")) }
    }
}
