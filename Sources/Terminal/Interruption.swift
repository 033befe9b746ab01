import Foundation
import Synchronization

/// Thrown where the user has interrupted a command and everything is saved; the process ends with status 130.
public struct Interrupted: Error, Equatable, Sendable {
    public init() {}
}

/// Ctrl-C for commands that save before they end.
///
/// Without `watch` the system ends the process at once, which is right for commands with nothing to save. After it
/// the first SIGINT or SIGTERM is only noted, for the body to see at a good moment; the second ends the process.
/// Signals belong to the process, which is why this has no instances.
public enum Interruption {
    /// Begins to hold back the first signal.
    public static func watch() {
        // Touched here so that the signal handler finds it initialised.
        _ = signals.load(ordering: .relaxed)
        signal(SIGINT, note)
        signal(SIGTERM, note)
    }

    /// Whether a signal has come.
    public static var isRequested: Bool { signals.load(ordering: .relaxed) > 0 }

    /// - Throws: `Interrupted` where a signal has come.
    public static func check() throws {
        if isRequested { throw Interrupted() }
    }
}

private let signals = Atomic<Int>(0)

/// A signal handler may do next to nothing; an atomic addition and `_exit` are allowed.
private let note: @convention(c) (Int32) -> Void = { _ in
    if signals.add(1, ordering: .relaxed).oldValue > 0 { _exit(130) }
}
