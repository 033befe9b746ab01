import Evaluation
import Terminal

/// One line of progress over all methods, with the name of the one that is sampled.
///
/// A class because events come one by one.
final class EvaluationDisplay {
    private let console: Console
    private var line: ProgressLine?

    init(_ console: Console) { self.console = console }

    func show(_ event: Evaluator.Event) {
        switch event {
        case .diagnosing(let tokens): line = console.progress("diagnosis, tokens", of: tokens)
        case .diagnosed(let tokens): line?.advance(by: tokens)
        case .planned(let completions, let stored):
            line?.finish()
            line = nil
            if stored > 0 {
                console.note(
                    "\(Readable.count(stored)) of \(Readable.count(completions, "completion")) are there already")
            }
            if stored < completions { line = console.progress("evaluate, completions", of: completions, from: stored) }
        case .began(let method): line?.status(method)
        case .completed(let completions), .shared(let completions): line?.advance(by: completions)
        }
    }

    func finish() {
        line?.status("")
        line?.finish()
    }
}
