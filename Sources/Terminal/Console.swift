import Synchronization

/// What a command says: results to stdout; notes, warnings and one live line of progress to stderr.
///
/// Words and the live line do not collide: the line is taken away, the words are printed, the line is drawn again.
/// Any thread may call. A class because all who speak share the live line.
public final class Console: Sendable {
    /// Whether progress and notes are left out.
    public let isQuiet: Bool
    let streams: Streams
    /// What stands on the terminal's last line now; empty where nothing does.
    private let liveLine = Mutex("")

    private static let clear = "\r\u{1B}[K"

    public init(streams: Streams = .standard, isQuiet: Bool = false) {
        self.streams = streams
        self.isQuiet = isQuiet
    }

    /// Prints a line of results.
    ///
    /// - Throws: where the results cannot be written.
    public func print(_ text: String) throws { try write(text + "\n") }

    /// Prints a part of a line of results, at once.
    ///
    /// - Throws: where the results cannot be written.
    public func write(_ text: String) throws {
        try aroundLiveLine { try streams.writeResult(text) }
    }

    /// Prints a value as one line of JSON (`jsonText`).
    ///
    /// - Throws: where the value does not encode, or cannot be written.
    public func print(json value: some Encodable) throws {
        try print(jsonText(value))
    }

    /// Says what happens; silent when quiet.
    public func note(_ text: String) {
        guard !isQuiet else { return }
        aroundLiveLine { streams.writeDiagnostic(text + "\n") }
    }

    /// Says what may be wrong, also when quiet.
    public func warning(_ text: String) {
        aroundLiveLine { streams.writeDiagnostic("warning: \(text)\n") }
    }

    /// Starts to tell how far a long job is. While several run, the one that moved last is shown.
    ///
    /// - Parameters:
    ///   - label: what is done, such as "train".
    ///   - total: how much there is to do, nil where nobody knows.
    ///   - start: how much of it is done already; a resumed job does not count it into its rate.
    public func progress(_ label: String, of total: Int? = nil, from start: Int = 0) -> ProgressLine {
        ProgressLine(label: label, total: total, start: start, console: self)
    }

    func showLiveLine(_ text: String) {
        liveLine.withLock { line in
            streams.writeDiagnostic(Self.clear + text)
            line = text
        }
    }

    func clearLiveLine() {
        liveLine.withLock { line in
            if !line.isEmpty { streams.writeDiagnostic(Self.clear) }
            line = ""
        }
    }

    private func aroundLiveLine(_ speak: () throws -> Void) rethrows {
        try liveLine.withLock { line in
            if !line.isEmpty { streams.writeDiagnostic(Self.clear) }
            defer { if !line.isEmpty { streams.writeDiagnostic(line) } }
            try speak()
        }
    }
}
