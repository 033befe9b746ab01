import Foundation
import Testing
@testable import Terminal

private struct Plain: Error, CustomStringConvertible {
    let description: String
}

private let seed = Flag.integer("seed", "N", "a seed").default(1)

/// A command with this body.
private func command(_ body: @escaping Command.Body) -> Command {
    Command("fit", "Fits.", flags: [seed], body: body)
}

struct RunningTests {
    @Test func doneIsZeroAndResultsGoToStdout() {
        let recording = Recording()
        let status = command { arguments, console in
            try console.print("seed \(arguments[seed])")
            try console.print(json: ["x": 1])
            console.note("noted")
            console.warning("odd")
        }.run(["--seed", "3"], streams: recording.streams)
        #expect(status == 0)
        #expect(recording.results == "seed 3\n{\"x\":1}\n")
        #expect(recording.diagnostics == "noted\nwarning: odd\n")
    }

    @Test func quietKeepsWarningsAlone() {
        let recording = Recording()
        let status = command { _, console in
            console.note("noted")
            console.warning("odd")
            let progress = console.progress("work", of: 2)
            recording.wait(100)
            progress.advance()
            progress.finish()
            try console.print("result")
        }.run(["--quiet"], streams: recording.streams)
        #expect(status == 0)
        #expect(recording.results == "result\n" && recording.diagnostics == "warning: odd\n")
    }

    @Test func badUsageIsTwoAndOneLine() {
        let recording = Recording()
        let status = command { _, _ in }.run(["--sed", "3"], streams: recording.streams)
        #expect(status == 2)
        #expect(recording.diagnostics == "fit: error: unknown flag '--sed', did you mean --seed? (see fit --help)\n")
        #expect(recording.results.isEmpty)
    }

    @Test func thrownErrorIsTwoAndOneLine() {
        let recording = Recording()
        let status = command { _, _ in throw Plain(description: "found\na wolf\r\nexpected a sheep\n") }
            .run([], streams: recording.streams)
        #expect(status == 2)
        #expect(recording.diagnostics == "fit: error: found a wolf expected a sheep\n")
    }

    @Test func errorNamesTheProgramAlsoInSubcommands() {
        let recording = Recording()
        let outer = Command("outer", "Outer.", subcommands: [command { _, _ in throw Plain(description: "no") }])
        #expect(outer.run(["fit"], streams: recording.streams) == 2)
        #expect(outer.run(["fat"], streams: recording.streams) == 2)
        #expect(
            recording.diagnostics == """
                outer: error: no
                outer: error: unknown subcommand 'fat', did you mean fit? (see outer --help)

                """)
    }

    @Test func errorOfFoundationIsItsSentence() throws {
        let error = #expect(throws: (any Error).self) { try Data(contentsOf: URL(fileURLWithPath: "/none/at/all")) }
        let words = sentence(for: try #require(error))
        #expect(!words.contains("Error Domain") && !words.contains("\n") && words.hasSuffix("."))
    }

    @Test func interruptionIs130() {
        let recording = Recording()
        #expect(command { _, _ in throw Interrupted() }.run([], streams: recording.streams) == 130)
        #expect(recording.diagnostics == "fit: interrupted\n")
    }

    @Test func helpIsZeroAndGoesToStdout() {
        let recording = Recording()
        #expect(command { _, _ in throw Interrupted() }.run(["--help"], streams: recording.streams) == 0)
        #expect(recording.results.hasPrefix("fit: Fits.\n\nusage: fit [--seed N]") && recording.diagnostics.isEmpty)
    }

    @Test func resultsThatCannotBeWrittenAreAnError() {
        let recording = Recording(outputFails: true)
        #expect(command { _, console in try console.print("x") }.run([], streams: recording.streams) == 2)
        #expect(recording.diagnostics == "fit: error: cannot write the results: No space left on device\n")
    }

    @Test func errorTakesTheLiveLineAway() {
        let recording = Recording(isLive: true)
        let status = command { _, console in
            let progress = console.progress("work", of: 2)
            progress.advance()
            throw Plain(description: "no")
        }.run([], streams: recording.streams)
        #expect(status == 2)
        #expect(screen(recording.diagnostics) == ["fit: error: no", ""])
    }
}

/// The process itself: each body runs in a process of its own.
struct ProcessTests {
    @Test func mainEndsTheProcessWithItsStatus() async {
        let done = await #expect(processExitsWith: .exitCode(0), observing: [\.standardOutputContent]) {
            Command("fit", "Fits.") { _, console in try console.print("done") }.main([])
        }
        #expect(done.map { String(decoding: $0.standardOutputContent, as: UTF8.self).contains("done\n") } == true)

        let failed = await #expect(processExitsWith: .exitCode(2), observing: [\.standardErrorContent]) {
            Command("fit", "Fits.") { _, _ in }.main(["--sed"])
        }
        let words = failed.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
        #expect(words.contains("fit: error: unknown flag '--sed'"))
    }

    @Test func closedPipeEndsTheProcessQuietly() async {
        let ended = await #expect(processExitsWith: .signal(SIGPIPE), observing: [\.standardErrorContent]) {
            signal(SIGPIPE, SIG_IGN)
            let pipe = Pipe()
            dup2(pipe.fileHandleForWriting.fileDescriptor, STDOUT_FILENO)
            try? pipe.fileHandleForReading.close()
            Command("fit", "Fits.") { _, console in try console.print("into the void") }.main([])
        }
        #expect(ended.map { String(decoding: $0.standardErrorContent, as: UTF8.self).contains("fit") } == false)
    }

    @Test func fullDiskUnderResultsIsStatusTwo() async {
        let ended = await #expect(processExitsWith: .exitCode(2), observing: [\.standardErrorContent]) {
            dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO)
            Command("fit", "Fits.") { _, console in try console.print("too much") }.main([])
        }
        let words = ended.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
        #expect(words.contains("fit: error: cannot write the results: No space left on device\n"))
    }

    /// Sends a signal as a terminal would, to the process and not to this thread, and gives it time to arrive.
    private static func interrupt(_ signal: Int32, until isOver: () -> Bool = { false }) {
        kill(getpid(), signal)
        for _ in 0..<5000 where !isOver() { usleep(1000) }
    }

    @Test func firstInterruptionIsNotedForTheBody() async {
        await #expect(processExitsWith: .exitCode(130)) {
            Command("fit", "Fits.") { _, _ in
                Interruption.watch()
                try Interruption.check()
                Self.interrupt(SIGINT) { Interruption.isRequested }
                try Interruption.check()
            }.main([])
        }
        await #expect(processExitsWith: .exitCode(0)) {
            Command("fit", "Fits.") { _, _ in
                Interruption.watch()
                Self.interrupt(SIGTERM) { Interruption.isRequested }
            }.main([])
        }
    }

    @Test func secondInterruptionEndsTheProcess() async {
        await #expect(processExitsWith: .exitCode(130)) {
            Interruption.watch()
            Self.interrupt(SIGINT) { Interruption.isRequested }
            Self.interrupt(SIGINT)
            exit(0)
        }
    }

    @Test func interruptionWithoutWatchEndsTheProcess() async {
        await #expect(processExitsWith: .signal(SIGINT)) {
            signal(SIGINT, SIG_DFL)  // A parent may have set it to be ignored.
            Self.interrupt(SIGINT)
            exit(0)
        }
    }
}

struct VersionTests {
    @Test(arguments: [["--version"], ["--seed", "3", "--version"]])
    func versionIsPrintedInPlaceOfRunning(words: [String]) {
        let recording = Recording()
        let status = command { _, console in try console.print("ran") }
            .run(words, streams: recording.streams, kernels: "kernels Zen")
        #expect(status == 0)
        #expect(recording.results.hasPrefix("fit \(Version.number), commit "))
        #expect(recording.results.hasSuffix(", kernels Zen\n"))
    }

    @Test func theCommitIsWhatTheFileBesideTheProgramSays() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("version-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(Version.commit(in: folder) == nil)
        try Data("1a2b3c4+\n".utf8).write(to: folder.appendingPathComponent("autodeco-commit"))
        #expect(Version.commit(in: folder) == "1a2b3c4+")
        #expect(
            Version.text(program: "p", commit: "1a2b3c4+", kernels: "k") == "p \(Version.number), commit 1a2b3c4+, k")
    }
}
