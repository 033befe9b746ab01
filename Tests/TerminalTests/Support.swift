import Synchronization

@testable import Terminal

/// Streams that remember what was written, with a clock that tests set.
final class Recording: Sendable {
    struct State {
        var results = ""
        var diagnostics = ""
        var now = 100.0
        var width = 80
    }

    private let state = Mutex(State())
    private let isLive: Bool
    private let outputFails: Bool

    init(isLive: Bool = false, outputFails: Bool = false) {
        self.isLive = isLive
        self.outputFails = outputFails
    }

    var results: String { state.withLock(\.results) }
    var diagnostics: String { state.withLock(\.diagnostics) }

    func wait(_ seconds: Double) { state.withLock { $0.now += seconds } }
    func resize(to width: Int) { state.withLock { $0.width = width } }
    /// What was written to stderr since the last call.
    func takeDiagnostics() -> String {
        state.withLock { state in
            defer { state.diagnostics = "" }
            return state.diagnostics
        }
    }

    var streams: Streams {
        Streams(
            writeResult: { text in
                if self.outputFails { throw OutputError(reason: "No space left on device") }
                self.state.withLock { $0.results += text }
            },
            writeDiagnostic: { text in self.state.withLock { $0.diagnostics += text } },
            isLive: isLive,
            diagnosticWidth: { self.state.withLock(\.width) },
            resultWidth: { self.state.withLock(\.width) },
            now: { self.state.withLock(\.now) })
    }
}

/// What a terminal of one line shows after `text`, with the lines that scrolled away.
func screen(_ text: String) -> [String] {
    var lines = [""]
    for part in text.replacing("\r\u{1B}[K", with: "\u{0}") {
        switch part {
        case "\u{0}": lines[lines.count - 1] = ""
        case "\n": lines.append("")
        default: lines[lines.count - 1].append(part)
        }
    }
    return lines
}
