import Foundation
import Testing

@testable import Tasks

/// A user's grader decides, within its limits.
@Suite(.serialized) struct CommandVerifierTests {
    private func verdict(_ command: String, seconds: Double = 5, megabytes: Int = 64, completion: String = "it's \"42\"\n") -> Verdict {
        let problem = Problem(id: "p", text: "6*7?", answer: .text("42"))
        return CommandVerifier(Grader(command: command, seconds: seconds, megabytes: megabytes)).verdict(on: completion, of: problem)
    }

    @Test func theGraderSeesProblemAnswerAndCompletion() {
        #expect(verdict(#"grep -q '"completion":"it.s \\"42\\"\\n"'"#) == .correct)
        #expect(verdict(#"grep -q '"answer":"42"'"#) == .correct && verdict(#"grep -q '"problem":"6\*7?"'"#) == .correct)
        #expect(verdict(#"grep -q '"answer":"43"'"#) == .wrong(.wrongValue))
    }

    @Test func theLastLineOrTheStatusIsTheVerdict() {
        #expect(verdict(#"echo looking; echo '{"correct": true, "why": "so"}'; exit 3"#) == .correct)
        #expect(verdict(#"echo '{"correct": true}'; echo '{"correct": false}'"#) == .wrong(.wrongValue))
        #expect(verdict("exit 0") == .correct && verdict("exit 1") == .wrong(.wrongValue))
    }

    @Test func gradersThatCrashAreNotTakenAtTheirWord() {
        #expect(verdict("echo Traceback >&2; exit 1") == .wrong(.graderFailed))
        #expect(verdict("exit 2") == .wrong(.graderFailed) && verdict("no-such-grader") == .wrong(.graderFailed))
        #expect(verdict("kill -SEGV $$") == .wrong(.graderFailed))
    }

    @Test func muchInputAndOutputBlockNothing() {
        let long = String(repeating: "x", count: 1 << 20)
        #expect(verdict("exit 0", completion: long) == .correct)
        #expect(verdict(#"head -c 500000 /dev/zero | tr '\0' '\n'; echo '{"correct": false}'"#) == .wrong(.wrongValue))
    }

    // MARK: Clear verdicts

    @Test(arguments: [
        #"{"correct": false, "score": NaN}"#, #"{"correct": false, "bounds": [-Infinity, Infinity]}"#, #"{"why": "{\"correct\": true}", "correct": false}"#,
    ])
    func numbersThatNobodyReadsDoNotHideAVerdict(line: String) {
        #expect(verdict("echo '\(line)'; exit 0") == .wrong(.wrongValue))
    }

    @Test(arguments: [
        #"{"correct": 0}"#, #"{"correct": 1}"#, #"{"correct": null}"#, #"{"correct": "true"}"#, #"{"correct": NaN}"#, "False", "True", "wrong", "true",
        #"{"Correct": true}"#, "{'correct': True}", #"[{"correct": true}]"#, #"{"correct": true"#, #"{"correct": true} {"correct": false}"#,
    ])
    func otherLastLinesAreNoVerdict(line: String) {
        for status in [0, 1] {
            #expect(verdict("cat <<'END'\n\(line)\nEND\nexit \(status)") == .wrong(.graderFailed))
        }
    }

    @Test func verdictsBehindLongLogsAreSeen() {
        let log = #"head -c 3000000 /dev/zero | tr '\0' 'x'; echo"#
        #expect(verdict("\(log); echo '{\"correct\": false}'") == .wrong(.wrongValue))
        #expect(verdict("\(log); echo '{\"correct\": true}'; exit 1") == .correct)
        #expect(verdict(#"echo '{"correct": false}'; head -c 3000000 /dev/zero | tr '\0' '\n'"#) == .wrong(.wrongValue))
        #expect(verdict(log) == .wrong(.graderFailed))
    }

    @Test func failuresAreToldInAFewWords() {
        func detail(_ command: String) -> String? {
            CommandVerifier(Grader(command: command)).judgement(on: "", of: Problem(id: "p", text: "", answer: .absent)).detail
        }
        #expect(detail("echo False") == "its last line is 'False', expected {\"correct\": true} or {\"correct\": false}")
        #expect(detail("echo; echo 'KeyError: gt' >&2; exit 1") == "it prints no verdict, ends with status 1 and says 'KeyError: gt'")
        #expect(detail("kill -9 $$") == "a signal ended it" && detail("exit 1") == nil)
    }

    // MARK: What the grader gets

    @Test func membersOfTheProblemsLineReachTheGrader() {
        let problem = Problem(
            id: "1000", text: "Write.", answer: .absent,
            members: [.init(name: "kwargs", json: #"[{}, {"n": 1e-7}]"#), .init(name: "completion", json: #""forged""#)])
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
