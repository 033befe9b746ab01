import Foundation
import Improvement
import Recipes
import Tasks
import Tensor
import Terminal

// Better heads round by round: samples with heads, fits them anew, and measures the best round.

if let better = BLASKernels.better { Restart.setting(BLASKernels.variable, to: better) }

enum Flags {
    static let config = Flag.string("config", "FILE", "the run's configuration, in JSON5").required()
    static let set = Flag.string("set", "key.path=value", "replace a value of the configuration").repeated()
    static let anyModel = Flag.switch("any-model", "take heads that were fitted to another model of the same sizes")
    static let json = Flag.switch("json", "print the results as one JSON object")
}

Command(
    "autodeco-improve", "Improves heads in rounds of sampling with them and fitting them anew.",
    flags: [Flags.config, Flags.set, Flags.anyModel, Flags.json]
) { arguments, console in
    var configuration = try RunConfiguration(path: arguments[Flags.config], overrides: arguments[Flags.set])
    configuration.acceptsAnyHeads = arguments[Flags.anyModel]
    let inputs = try configuration.improvementInputs()
    for warning in inputs.train.model.warnings { console.warning(warning) }
    let improver = try Improver(inputs)
    let display = ImprovementDisplay(console)
    Interruption.watch(beforeEnding: CommandVerifier.endAll)
    let results: ImprovementResults
    do {
        results = try improver.run(onEvent: display.show, isCancelled: { Interruption.isRequested })
    } catch is CancellationError {
        console.note("what is finished is in \(inputs.folder.relativePath); the same command goes on from there")
        throw Interrupted()
    }
    display.finish()
    try arguments[Flags.json] ? console.print(json: results) : console.print(results.text)
    console.note("\(inputs.folder.relativePath): report.html, improve.json, round-\(results.bestRound)/training/heads")
}.main(kernels: BLASKernels.summary)
