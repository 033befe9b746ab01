import Foundation
import Synchronization

/// Thrown where the user has interrupted a command and everything is saved; the process ends with status 130.
public struct Interrupted: Error, Equatable, Sendable {
    public init() {}
}

/// Ctrl-C for commands that save before they end.
///
/// Without `watch` the system ends the process at once, which is right for commands with nothing to save. After it
/// the first SIGINT or SIGTERM is only noted, for the body to see at a good moment; the second ends the process, and
/// what it has started with it. Signals belong to the process, which is why this has no instances.
public enum Interruption {
    /// Begins to hold back the first signal.
    ///
    /// - Parameter beforeEnding: runs on a thread of its own when the second signal ends the process: for programs that
    ///   the process has started, and their temporary files.
    public static func watch(beforeEnding: @escaping @Sendable () -> Void = {}) {
        // Touched here so that the signal handler finds them initialised.
        _ = signals.load(ordering: .relaxed)
        var ends: [Int32] = [-1, -1]
        if secondSignal.load(ordering: .relaxed) < 0, pipe(&ends) == 0 {
            let reading = ends[0]
            secondSignal.store(ends[1], ordering: .relaxed)
            Thread.detachNewThread {
                var byte: UInt8 = 0
                while read(reading, &byte, 1) < 0, errno == EINTR {}
                beforeEnding()
                _exit(130)
            }
        }
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
/// Where the second signal is told to the thread that ends the process; −1 where there is none.
private let secondSignal = Atomic<Int32>(-1)

/// A signal handler may do next to nothing; an atomic addition, `write` and `_exit` are allowed.
private let note: @convention(c) (Int32) -> Void = { _ in
    let before = signals.add(1, ordering: .relaxed).oldValue
    guard before > 0 else { return }
    var byte: UInt8 = 1
    let end = secondSignal.load(ordering: .relaxed)
    // The third signal does not wait for anything.
    if before > 1 || end < 0 || write(end, &byte, 1) != 1 { _exit(130) }
}
