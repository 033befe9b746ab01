import Foundation
import Synchronization

/// The graders that run, so that a program which is told to end at once leaves none of them behind. Processes belong to the
/// program, which is why this has no instances.
public enum RunningGraders {
    private struct Entry {
        let mark: String
        let folder: URL
        var leader: pid_t?
    }

    private struct State {
        var entries: [Entry] = []
        var isClosed = false
    }

    private static let state = Mutex(State())

    /// Kills all graders with what they have started, removes their folders, and lets no other begin: what to call before the
    /// program ends at once. Safe from any thread, not from a signal's handler.
    public static func endAll() {
        let entries = state.withLock { state in
            state.isClosed = true
            return state.entries
        }
        for entry in entries {
            if let leader = entry.leader {
                var tree = ProcessTree(leader: leader, mark: entry.mark)
                tree.killAll()
            }
            try? FileManager.default.removeItem(at: entry.folder)
        }
    }

    /// Notes a grader before its folder is made; false where none may begin any more.
    static func begin(_ mark: String, folder: URL) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.entries.append(Entry(mark: mark, folder: folder))
            return true
        }
    }

    static func start(_ mark: String, _ body: () -> ProcessTree?) -> ProcessTree? {
        // Within the lock: whoever ends all finds every process that was started.
        state.withLock { state in
            guard !state.isClosed, let place = state.entries.firstIndex(where: { $0.mark == mark }) else { return nil }
            let tree = body()
            state.entries[place].leader = tree?.leader
            return tree
        }
    }

    static func end(_ mark: String) {
        state.withLock { state in state.entries.removeAll { $0.mark == mark } }
    }
}
