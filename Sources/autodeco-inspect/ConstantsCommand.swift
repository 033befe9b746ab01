import AutoDecoHeads
import Foundation
import HiddenStateCache
import Recipes
import Scoring
import Terminal

private let requiredCache = Flag.string("cache", "DIR", "folder of a hidden-state cache").required()
private let writeFlag = Flag.string(
    "write", "PATH",
    "a model's folder or its generation_config.json, which gets temperature, top_p and do_sample; or a GGUF file")
private let copyFlag = Flag.string(
    "output", "FILE", "receives the copy of --write's GGUF file, with general.sampling.temp and .top_p; must not exist")
private let pairFlag = Flag.choice("pair", ["best", "mean"], "which pair --write writes: the best or the heads' mean")
    .default("best")

/// `autodeco-inspect constants`: the best constant pair and the heads' mean, for engines that know one temperature and
/// one top-p.
let constantsCommand = Command(
    "constants", "Finds the constant temperature and top-p that come nearest to heads, and writes them for others.",
    flags: [headsFlag, requiredCache, fractionFlag, splitSeedFlag, writeFlag, copyFlag, pairFlag, jsonFlag]
) { arguments, console in
    Interruption.watch()
    let heads = try AutoDecoHeads<Float>(folder: folder(arguments[headsFlag]))
    let cache = try HiddenStateCache(folder: folder(arguments[requiredCache]))
    try AutoDecoHeads<Float>.requireVocabulary(cache.description.vocabularySize, folder: folder(arguments[headsFlag]))
    // What cannot be written is said before the search.
    let target = try SamplingDefaults(place: arguments[writeFlag], copy: arguments[copyFlag])
    let run = HeadsRun(heads: folder(arguments[headsFlag])), split = try split(of: run, on: cache, arguments, console)
    var held = cache.trajectories(.validation, of: split)
    if held.isEmpty {
        console.warning("the run held out nothing, so that all losses are over tokens that the heads were trained on")
        held = cache.trajectories
    }
    let loss = run.loss ?? .likelihood(of: heads)
    let constants = try HeadsConstants(
        of: heads,
        on: CachedTokens(cache, held, blockTokens: run.settings?.microBatchTokens ?? HiddenStateCache.blockTokens),
        seed: split.seed, by: loss, check: Interruption.check)
    let pair = arguments[pairFlag] == "mean" ? constants.mean : constants.best
    let written = try target?.write(temperature: pair.temperature, topP: pair.topP, Interruption.check)
    if let written { for note in written.notes { console.note(note) } }
    let report = ConstantsReport(constants, yardstick: loss.words, isOfRun: run.loss != nil, written: written?.path)
    try arguments[jsonFlag] ? console.print(json: report) : console.print(report.text)
}

extension ObjectiveLoss {
    /// The yardstick where the run is not known: how likely a pair makes the tokens, each counting the same.
    fileprivate static func likelihood(of heads: AutoDecoHeads<Float>) -> ObjectiveLoss {
        var settings = LossSettings()
        settings.dynamicFineTuning = false
        return ObjectiveLoss(settings, heads: heads.configuration.heads)
    }
}

/// The pairs with their losses, what they show, and where one was written.
private struct ConstantsReport: Encodable {
    let constants: HeadsConstants
    /// What the comparisons show; nil where nothing is left to judge by.
    let besideBest, besideMean: Standing.Finding?
    /// The yardstick, in words, and whether it is the one of the run that made the heads.
    let yardstick: String
    let isOfRun: Bool
    let written: String?

    init(_ constants: HeadsConstants, yardstick: String, isOfRun: Bool, written: String?) {
        (self.constants, self.yardstick, self.isOfRun, self.written) = (constants, yardstick, isOfRun, written)
        (besideBest, besideMean) = (constants.besideBest?.finding, constants.besideMean?.finding)
    }

    var text: String {
        func row(_ name: String, _ pair: ConstantPair) -> String {
            name.padding(toLength: 20, withPad: " ", startingAt: 0)
                + String(format: "%11.4f  %7.4f  %9.5f", pair.temperature, pair.topP, pair.loss)
        }
        let rows = [
            "                    temperature    top_p       loss", row("best constant pair", constants.best),
            row("mean of the heads", constants.mean), row("default sampling", constants.defaultSampling),
            "heads".padding(toLength: 40, withPad: " ", startingAt: 0) + String(format: "%9.5f", constants.heads),
        ]
        let judged = [
            constants.besideBest?.words, constants.besideMean?.words(beside: "their own mean"),
        ].compactMap(\.self)
        let verdict =
            judged.isEmpty
            ? ["Too few trajectories to tell: the same ones choose the best constant pair and judge it."] : judged
        let owner = isOfRun ? "the run's own" : "not the run's own, which is not known"
        let measure =
            "Losses are means over \(Readable.count(constants.tokens)) tokens of \(constants.trajectories) "
            + "trajectories. The yardstick is \(owner): \(yardstick), nothing dropped."
        let place = written.map { ["Written to \($0)."] } ?? []
        return ([rows.joined(separator: "\n")] + verdict + [measure] + place).joined(separator: "\n\n")
    }
}
