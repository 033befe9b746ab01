import Dispatch
import Testing

@testable import Terminal

struct ProgressTests {
    @Test func liveLineHasBarCountRateAndTimeLeft() {
        let recording = Recording(isLive: true)
        let progress = Console(streams: recording.streams).progress("train", of: 3000)
        recording.wait(4)
        progress.update(to: 1250)
        recording.wait(1)
        progress.status("loss 1.234")
        #expect(
            screen(recording.takeDiagnostics())
                == ["train  [==========>               ]  1,250/3,000  250/s  7.0 s left  loss 1.234"])
    }

    @Test(arguments: 1...120)
    func liveLineFitsTheTerminal(_ width: Int) {
        let recording = Recording(isLive: true)
        recording.resize(to: width)
        let progress = Console(streams: recording.streams).progress("train", of: 3000)
        recording.wait(5)
        progress.status("loss 1.234")
        recording.wait(1)
        progress.update(to: 1250)
        let line = screen(recording.takeDiagnostics())[0]
        #expect(line.count <= max(width - 1, 1) && !line.isEmpty)
        #expect(line.contains("1,250/3,000") == (width > 18))
        #expect(line.contains("left") == (width > 30))
        #expect(line.contains("208/s") == (width > 37))
        #expect(line.contains("1.234") == (width > 49))
        #expect(line.contains("[") == line.contains("]"))
    }

    @Test func liveLineFollowsTheWindowsWidth() {
        let recording = Recording(isLive: true)
        let progress = Console(streams: recording.streams).progress("train", of: 10)
        recording.resize(to: 15)
        progress.update(to: 5)
        #expect(screen(recording.takeDiagnostics()) == ["train  5/10"])
    }

    @Test func liveLineIsDrawnAtMostTenTimesASecond() {
        let recording = Recording(isLive: true)
        let progress = Console(streams: recording.streams).progress("train", of: 100_000)
        for _ in 0..<10_000 {
            recording.wait(0.001)
            progress.advance()
        }
        let drawings = recording.diagnostics.split(separator: "\r").count
        #expect(95...101 ~= drawings, "\(drawings)")
    }

    @Test func notesAndResultsDoNotCollideWithTheLiveLine() throws {
        let recording = Recording(isLive: true)
        let console = Console(streams: recording.streams)
        let progress = console.progress("train", of: 4)
        progress.update(to: 1)
        console.note("a note")
        console.warning("a warning")
        try console.print("result")
        let lines = screen(recording.diagnostics)
        #expect(lines.dropLast() == ["a note", "warning: a warning"])
        #expect(lines.last?.hasPrefix("train  [====") == true)
        #expect(recording.results == "result\n")
        progress.finish()
        #expect(screen(recording.diagnostics).dropFirst(2) == ["train: 1 of 4 in 0.0 s", ""])
    }

    @Test func finishLeavesOneClosingLine() {
        let recording = Recording(isLive: true)
        let progress = Console(streams: recording.streams).progress("train", of: 1000)
        recording.wait(80)
        progress.update(to: 1000)
        progress.status("loss 0.5")
        progress.finish()
        progress.finish()
        progress.advance()
        #expect(screen(recording.diagnostics) == ["train: 1,000 in 1 min 20 s, 13/s, loss 0.5", ""])
    }

    @Test func droppedProgressTakesItsLineAway() {
        let recording = Recording(isLive: true)
        do {
            let progress = Console(streams: recording.streams).progress("train", of: 1000)
            progress.advance()
            #expect(screen(recording.diagnostics)[0].hasPrefix("train"))
        }
        #expect(screen(recording.diagnostics) == [""])
    }

    @Test func withoutATerminalThereIsAPlainLineEveryFewSeconds() {
        let recording = Recording()
        let progress = Console(streams: recording.streams).progress("train", of: 100)
        for _ in 0..<60 {
            recording.wait(0.2)
            progress.advance()
        }
        progress.status("loss 1")
        progress.finish()
        #expect(
            recording.diagnostics == """
                train: 25 of 100 (25 %), 5.0/s, 15 s left
                train: 50 of 100 (50 %), 5.0/s, 10 s left
                train: 60 of 100 in 12 s, 5.0/s, loss 1

                """)
        #expect(!recording.diagnostics.contains("\r") && !recording.diagnostics.contains("\u{1B}"))
    }

    @Test func shortJobWithoutATerminalLeavesOnlyItsClosingLine() {
        let recording = Recording()
        let progress = Console(streams: recording.streams).progress("read", of: 2)
        progress.advance(by: 2)
        recording.wait(1)
        progress.finish()
        #expect(recording.diagnostics == "read: 2 in 1.0 s, 2.0/s\n")
    }

    @Test func unknownTotalCountsWithoutABar() {
        let live = Recording(isLive: true)
        let progress = Console(streams: live.streams).progress("sample")
        live.wait(10)
        progress.advance(by: 42)
        #expect(screen(live.takeDiagnostics()) == ["sample  42  4.2/s  10 s"])
        progress.finish()
        #expect(screen(live.takeDiagnostics()) == ["sample: 42 in 10 s, 4.2/s", ""])

        let plain = Recording()
        let line = Console(streams: plain.streams).progress("sample")
        plain.wait(10)
        line.advance(by: 42)
        #expect(plain.diagnostics == "sample: 42, 4.2/s\n")
    }

    @Test func resumedJobDoesNotCountWhatWasDoneBefore() {
        let recording = Recording()
        let progress = Console(streams: recording.streams).progress("train", of: 1000, from: 900)
        recording.wait(10)
        progress.advance(by: 50)
        #expect(recording.diagnostics == "train: 950 of 1,000 (95 %), 5.0/s, 10 s left\n")
    }

    @Test func emptyJobsAndOverfullOnesAreDrawn() {
        let recording = Recording(isLive: true)
        let console = Console(streams: recording.streams)
        console.progress("none", of: 0).finish()
        let over = console.progress("over", of: 2)
        over.update(to: 5)
        #expect(
            screen(recording.diagnostics) == ["none: 0 in 0.0 s", "over  [==============================]  5/2  0.0 s"])
    }

    @Test func manyThreadsCountTogether() {
        let recording = Recording(isLive: true)
        let progress = Console(streams: recording.streams).progress("train", of: 8000)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<1000 { progress.advance() }
        }
        recording.wait(1)
        progress.finish()
        #expect(screen(recording.diagnostics) == ["train: 8,000 in 1.0 s, 8,000/s", ""])
    }
}
