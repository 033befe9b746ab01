import AutoDecoHeads
import Evaluation
import HiddenStateCache
import Recipes
import Scoring
import Terminal

private let requiredCache = Flag.string("cache", "DIR", "folder of a hidden-state cache").required()
private let trajectoriesFlag = Flag.choice(
    "trajectories", TrajectorySubset.allCases.map(\.rawValue),
    "which of the cache's trajectories, by the split that training made"
).default("all")

/// `autodeco-inspect diagnose`: whether heads' gain is a better mean temperature or token-level control.
let diagnoseCommand = Command(
    "diagnose", "Tells whether heads' gain is a better mean, or token-level control.",
    flags: [headsFlag, requiredCache, trajectoriesFlag, fractionFlag, splitSeedFlag, jsonFlag]
) { arguments, console in
    Interruption.watch()
    let heads = try AutoDecoHeads<Float>(folder: folder(arguments[headsFlag]))
    let cache = try HiddenStateCache(folder: folder(arguments[requiredCache]))
    try AutoDecoHeads<Float>.requireVocabulary(cache.description.vocabularySize, folder: folder(arguments[headsFlag]))
    let run = HeadsRun(heads: folder(arguments[headsFlag])), split = try split(of: run, on: cache, arguments, console)
    let subset = TrajectorySubset(rawValue: arguments[trajectoriesFlag]) ?? .all
    let trajectories = cache.trajectories(subset, of: split), held = cache.trajectories(.validation, of: split)
    if subset != .validation, held.count < cache.trajectories.count {
        console.note(
            "the diagnosis reads tokens that the heads were trained on; --trajectories validation reads "
                + "\(held.count) held-out trajectories alone")
    }
    let progress = console.progress("diagnosis", of: trajectories.tokens)
    let diagnosis = try TokenDiagnosis(
        of: heads, on: cache, over: trajectories, seed: split.seed,
        isWeighted: run.settings?.loss.dynamicFineTuning ?? false
    ) { count in
        try Interruption.check()
        progress.advance(by: count)
    }
    progress.finish()
    let report = DiagnosisReport(diagnosis, try RunStanding(of: heads, run, on: cache, held, Interruption.check))
    try arguments[jsonFlag] ? console.print(json: report) : console.print(report.text)
}

/// What the run that made the heads says of them: with its own yardstick, on what it held out.
struct RunStanding: Encodable {
    /// The yardstick, in words.
    let yardstick: String
    let standing: Standing?
    let finding: Standing.Finding

    var words: String {
        let words =
            standing?.words
            ?? "Too few held-out trajectories to tell: all of them choose the best constant pair, "
            + "and none is left to judge by."
        return "\(words) The yardstick is the run's own: \(yardstick), nothing dropped."
    }

    /// - Parameters:
    ///   - held: what the run held out.
    ///   - check: called now and then; what it throws ends the measurement.
    /// - Returns: nil where the run is not known, or held out nothing.
    init?(
        of heads: AutoDecoHeads<Float>, _ run: HeadsRun, on cache: HiddenStateCache, _ held: [TrajectoryIndex],
        _ check: () throws -> Void
    ) throws {
        guard let settings = run.settings, let loss = run.loss, !held.isEmpty else { return nil }
        let tokens = CachedTokens(cache, held, blockTokens: settings.microBatchTokens)
        yardstick = loss.words
        standing = try HeldOutHalves(tokens, seed: settings.split.seed).standing(of: heads, by: loss, check: check)
        finding = standing?.finding ?? .tooFew
    }
}

/// The numbers, what they show, and the paragraph.
private struct DiagnosisReport: Encodable {
    let diagnosis: TokenDiagnosis
    let finding: TokenDiagnosis.Finding
    let words: String
    let run: RunStanding?

    init(_ diagnosis: TokenDiagnosis, _ run: RunStanding?) {
        (self.diagnosis, finding, words, self.run) = (diagnosis, diagnosis.finding, diagnosis.words, run)
    }

    var text: String { ([diagnosis.table, words] + [run?.words].compactMap(\.self)).joined(separator: "\n\n") }
}
