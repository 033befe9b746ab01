import Decoding
import Evaluation
import Foundation
import Recipes
import Tasks
import Tensor
import Terminal

// Measures whether trained heads decode better than knobs set by hand, and why.

if let better = BLASKernels.better { Restart.setting(BLASKernels.variable, to: better) }

enum Flags {
    static let config = Flag.string("config", "FILE", "the run's configuration, in JSON5").required()
    static let set = Flag.string("set", "key.path=value", "replace a value of the configuration").repeated()
    static let heads = Flag.string(
        "heads", "DIR",
        "trained heads: the configuration's evaluation.heads where it names none, else rows of their own beside them"
    ).repeated()
    static let filter = Flag.choice(
        "filter", NucleusFilter.allCases.map(\.rawValue), "what the heads' top-p means; evaluation.filter if not given")
    static let anyModel = Flag.switch("any-model", "take heads that were fitted to another model of the same sizes")
    static let json = Flag.switch("json", "print the results as one JSON object")
}

Command(
    "autodeco-eval", "Compares trained heads with knobs set by hand, on a task's test problems.",
    flags: [Flags.config, Flags.set, Flags.heads, Flags.filter, Flags.anyModel, Flags.json]
) { arguments, console in
    var configuration = try RunConfiguration(path: arguments[Flags.config], overrides: arguments[Flags.set])
    configuration.acceptsAnyHeads = arguments[Flags.anyModel]
    var folders = arguments[Flags.heads]
    if configuration.evaluation.heads == nil, !folders.isEmpty {
        configuration.evaluation.heads = folders.removeFirst()
    }
    configuration.evaluation.otherHeads += folders
    if let filter = arguments[Flags.filter].flatMap(NucleusFilter.init) {
        configuration.evaluation.settings.filter = filter
    }

    let plan = try EvaluationPlan(configuration)
    let evaluator = try Evaluator(plan)
    for note in plan.notes { console.note(note) }
    let display = EvaluationDisplay(console)
    Interruption.watch(beforeEnding: CommandVerifier.endAll)
    let results: EvaluationResults
    do {
        results = try evaluator.run(onEvent: display.show, isCancelled: { Interruption.isRequested })
    } catch is CancellationError {
        console.note(
            "what is measured so far: \(plan.folder.relativePath)/results.md; the same command goes on from there")
        throw Interrupted()
    }
    display.finish()
    try arguments[Flags.json] ? console.print(json: results) : console.print(results.text)
    console.note("\(plan.folder.relativePath): report.html, results.md, results.json")
}.main(kernels: BLASKernels.summary)
