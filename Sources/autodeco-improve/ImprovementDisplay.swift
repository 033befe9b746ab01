import Improvement
import Terminal

/// The live line of the part that is under way, and a note after each round.
///
/// A class because events come one by one.
final class ImprovementDisplay {
    private let console: Console
    private var line: ProgressLine?

    init(_ console: Console) { self.console = console }

    func show(_ event: Improver.Event) {
        switch event {
        case .began(let name, let total, let done):
            finish()
            line = console.progress(name, of: total, from: done)
        case .advanced(let count): line?.advance(by: count)
        case .finished(let round):
            finish()
            console.note(round.words)
        case .warning(let words): console.warning(words)
        }
    }

    func finish() {
        line?.finish()
        line = nil
    }
}
