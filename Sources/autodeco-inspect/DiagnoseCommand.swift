import AutoDecoHeads
import Evaluation
import HiddenStateCache
import Scoring
import Terminal

private let requiredCache = Flag.string("cache", "DIR", "folder of a hidden-state cache").required()
private let trajectoriesFlag = Flag.choice(
    "trajectories", TrajectorySubset.allCases.map(\.rawValue),
    "which of the cache's trajectories, by the split that training made"
).default("all")
private let fractionFlag = Flag.number(
    "validation-fraction", "X", "share of the cache's trajectories that training held out"
).default(0.05)
private let splitSeedFlag = Flag.integer("seed", "N", "seed of training's split, and of the two halves").default(0)

/// `autodeco-inspect diagnose`: whether heads' gain is a better mean temperature or token-level control.
let diagnoseCommand = Command(
    "diagnose", "Tells whether heads' gain is a better mean, or token-level control.",
    flags: [headsFlag, requiredCache, trajectoriesFlag, fractionFlag, splitSeedFlag, jsonFlag]
) { arguments, console in
    Interruption.watch()
    let fraction = arguments[fractionFlag], seed = UInt64(bitPattern: Int64(arguments[splitSeedFlag]))
    guard (0...1).contains(fraction) else {
        throw InputError("--validation-fraction is \(fraction), expected a number from 0 to 1")
    }
    let heads = try AutoDecoHeads<Float>(folder: folder(arguments[headsFlag]))
    let cache = try HiddenStateCache(folder: folder(arguments[requiredCache]))
    try AutoDecoHeads<Float>.requireVocabulary(cache.description.vocabularySize, folder: folder(arguments[headsFlag]))
    let subset = TrajectorySubset(rawValue: arguments[trajectoriesFlag]) ?? .all
    let trajectories = cache.trajectories(subset, of: TrajectorySplit(validationFraction: fraction, seed: seed))
    let progress = console.progress("diagnosis", of: trajectories.tokens)
    let diagnosis = try TokenDiagnosis(of: heads, on: cache, over: trajectories, seed: seed) { count in
        try Interruption.check()
        progress.advance(by: count)
    }
    progress.finish()
    try arguments[jsonFlag]
        ? console.print(json: DiagnosisReport(diagnosis)) : console.print("\(diagnosis.table)\n\n\(diagnosis.words)")
}

/// The numbers, what they show, and the paragraph.
private struct DiagnosisReport: Encodable {
    let diagnosis: TokenDiagnosis
    let finding: TokenDiagnosis.Finding
    let words: String

    init(_ diagnosis: TokenDiagnosis) {
        (self.diagnosis, finding, words) = (diagnosis, diagnosis.finding, diagnosis.words)
    }
}
