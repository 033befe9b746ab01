import Foundation
import HiddenStateCache
import Recipes
import Tasks
import Tensor
import Terminal
import Trajectories

// Samples trajectories of problems, keeps the correct ones, and walks them through the model into a hidden-state cache.

if let better = BLASKernels.better { Restart.setting(BLASKernels.variable, to: better) }

Command(
    "autodeco-collect", "Collects correct trajectories of a task and their hidden-state cache.", flags: Flags.all
) { arguments, console in
    let overrides = arguments[Flags.set] + (arguments[Flags.keepRejected] ? ["collect.keepRejected=true"] : [])
    var configuration = try RunConfiguration(path: arguments[Flags.config], overrides: overrides)
    configuration.acceptsAnyHeads = arguments[Flags.anyModel]
    let run = try Run(configuration)
    for warning in run.model.warnings { console.warning(warning) }
    let locks = try run.lockFolders()
    defer { withExtendedLifetime(locks) {} }
    let whole = Clock()
    Interruption.watch(beforeEnding: CommandVerifier.endAll)

    var clock = Clock()
    var trajectories = configuration.collect.trajectories ?? "", counts: SamplingCounts?
    if let sampler = run.sampler { (trajectories, counts) = try run.sample(sampler, &clock, console) }
    let speed = clock.rate

    let encoding = TrajectoryEncoding(model: run.model.configuration, tokenizer: run.tokenizer)
    let lengths = try interruptible {
        try TrajectoryLengths(path: trajectories, encoding: encoding) { Interruption.isRequested }
    }
    if let notice = lengths.mergedNotice(trajectories) { console.warning(notice) }
    try run.makeCache(of: trajectories, lengths, encoding, console)

    let cache = try HiddenStateCache(folder: run.cacheFolder, verify: false)
    var summary = Summary(
        sampling: counts.map { Summary.Sampling(counts: $0) },
        cache: try CacheSummary(cache) { _ in try Interruption.check() },
        truncatedTrajectoryShare: Double(lengths.truncated) / Double(lengths.used))
    try summary.write(to: run.output)
    summary.run = Summary.Speed(seconds: whole.seconds, sampledTokensPerSecond: speed)
    try arguments[Flags.json] ? console.print(json: summary) : console.print(summary.text)
}.main(kernels: BLASKernels.summary)
