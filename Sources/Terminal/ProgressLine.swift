import Synchronization

/// How far a long job is: one live line on a terminal, now and then a plain line elsewhere, nothing when quiet.
///
///     train  [=======>            ]  1,250/3,000  310/s  5.6 s left  loss 1.234
///     train: 1,250 of 3,000 (42 %), 310/s, 5.6 s left, loss 1.234
///
/// Any thread may call. `finish` leaves a closing line; a progress that is dropped without it, because an error
/// was thrown, takes its live line away. A class because the job's threads share the count.
public final class ProgressLine: Sendable {
    private let label: String
    private let total: Int?
    private let start: Int
    private let console: Console
    private let began: Double
    private let state: Mutex<State>

    private struct State {
        var count: Int
        var status = ""
        var lastShown: Double
        var isOver = false
    }

    /// Seconds between two drawings of the live line, and between two plain lines.
    private static let livePause = 0.1
    private static let plainPause = 5.0

    init(label: String, total: Int?, start: Int, console: Console) {
        self.label = label
        self.total = total
        self.start = start
        self.console = console
        began = console.streams.now()
        // The live line appears with the first step, the first plain line after a pause.
        state = Mutex(State(count: start, lastShown: console.streams.isLive ? -.infinity : began))
    }

    deinit {
        if !console.isQuiet, state.withLock({ !$0.isOver }) { console.clearLiveLine() }
    }

    /// Counts more of the job as done.
    public func advance(by steps: Int = 1) {
        change { $0.count += steps }
    }

    /// Sets how much of the job is done.
    public func update(to count: Int) {
        change { $0.count = count }
    }

    /// Sets a few words behind the numbers, such as "loss 1.234".
    public func status(_ text: String) {
        change { $0.status = text }
    }

    /// Ends the line, with how much was done and how long it took.
    public func finish() {
        let now = console.streams.now()
        state.withLock { state in
            guard !state.isOver else { return }
            state.isOver = true
            console.clearLiveLine()
            console.note(summary(state, now))
        }
    }

    private func change(_ apply: (inout State) -> Void) {
        guard !console.isQuiet else { return }
        let now = console.streams.now()
        let isLive = console.streams.isLive
        state.withLock { state in
            apply(&state)
            guard !state.isOver, now - state.lastShown >= (isLive ? Self.livePause : Self.plainPause) else { return }
            state.lastShown = now
            if isLive {
                // The last column stays free: a full line would make the terminal go on to the next.
                console.showLiveLine(live(state, now, width: max(console.streams.diagnosticWidth() - 1, 1)))
            } else {
                console.note(plain(state, now))
            }
        }
    }

    // MARK: Words

    /// Steps a second since the start, nil before the first.
    private func rate(_ state: State, _ now: Double) -> Double? {
        state.count > start && now > began ? Double(state.count - start) / (now - began) : nil
    }

    private func timeLeft(_ state: State, _ now: Double) -> String? {
        guard let total, let rate = rate(state, now) else { return nil }
        return "\(Readable.duration(Double(max(total - state.count, 0)) / rate)) left"
    }

    /// The richest form that fits into `width` columns.
    private func live(_ state: State, _ now: Double, width: Int) -> String {
        let count = Readable.count(state.count) + (total.map { "/" + Readable.count($0) } ?? "")
        let rate = rate(state, now).map(Readable.rate)
        let left = timeLeft(state, now) ?? "\(Readable.duration(now - began))"
        let status = state.status.isEmpty ? nil : state.status
        let forms = [[count, rate, left, status], [count, rate, left], [count, left], [count]]
            .map { ([label] + $0.compactMap(\.self)).joined(separator: "  ") }
        let form = forms.first { $0.count <= width } ?? String(forms[forms.count - 1].prefix(width))
        let room = min(width - form.count - 4, 30)
        guard let total, total > 0, room >= 8, form.count > label.count else { return form }
        return label + "  " + bar(Double(state.count) / Double(total), width: room) + form.dropFirst(label.count)
    }

    /// A bar of `width` columns between brackets.
    private func bar(_ fraction: Double, width: Int) -> String {
        let done = Int((min(max(fraction, 0), 1) * Double(width)).rounded(.down))
        let head = done < width ? ">" : ""
        return "[" + String(repeating: "=", count: done) + head
            + String(repeating: " ", count: width - done - head.count) + "]"
    }

    private func plain(_ state: State, _ now: Double) -> String {
        var parts = ["\(label): \(Readable.count(state.count))"]
        if let total {
            let percent = total > 0 ? " (\(Int(100 * Double(state.count) / Double(total))) %)" : ""
            parts[0] += " of \(Readable.count(total))\(percent)"
        }
        parts += [rate(state, now).map(Readable.rate), timeLeft(state, now)].compactMap(\.self)
        if !state.status.isEmpty { parts.append(state.status) }
        return parts.joined(separator: ", ")
    }

    private func summary(_ state: State, _ now: Double) -> String {
        let isShort = total.map { $0 != state.count } ?? false
        let count = Readable.count(state.count) + (isShort ? " of \(Readable.count(total ?? 0))" : "")
        let parts =
            ["\(label): \(count) in \(Readable.duration(now - began))"]
            + [rate(state, now).map(Readable.rate), state.status.isEmpty ? nil : state.status].compactMap(\.self)
        return parts.joined(separator: ", ")
    }
}
