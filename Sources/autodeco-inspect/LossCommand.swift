import AutoDecoHeads
import Foundation
import HiddenStateCache
import LogitSketches
import Recipes
import Safetensors
import Tensor
import Terminal

private let labelledInputFlag = Flag.string(
    "input", "FILE", "safetensors file with hidden [N, D], logits [N, V] and labels [N]")
private let cacheFlag = Flag.string("cache", "DIR", "folder of a hidden-state cache, in place of --input")
private let trajectoriesFlag = Flag.choice(
    "trajectories", TrajectorySubset.allCases.map(\.rawValue), "which of the cache's trajectories"
).default("all")
private let sketchFlag = Flag.integerPair(
    "sketch", "K,B", in: 5...65_536, 1...65_536, "send the logits of --input through a sketch of K logits and B bins")
private let gradientsFlag = Flag.string("gradients", "FILE", "receives the gradient of each loss by each parameter")
private let tokensFlag = Flag.string(
    "tokens", "FILE", "receives each token's joint loss and its derivatives, without weights and masking")

/// `autodeco-inspect loss`: the losses of heads on labelled tokens, with Dynamic Fine-Tuning's weights.
let lossCommand = Command(
    "loss", "Computes the losses of heads, and their gradients.",
    flags: [
        headsFlag, labelledInputFlag, cacheFlag, trajectoriesFlag, fractionFlag, splitSeedFlag, sketchFlag,
        gradientsFlag, tokensFlag,
        precisionFlag, jsonFlag,
    ]
) { arguments, console in
    Interruption.watch()
    func run<Element: Scalar & StoredScalar>(_: Element.Type) throws -> LossReport {
        let heads = try AutoDecoHeads<Element>(folder: folder(arguments[headsFlag]))
        let output = LossOutput<Element>(gradients: arguments[gradientsFlag], tokens: arguments[tokensFlag])
        switch (arguments[labelledInputFlag], arguments[cacheFlag]) {
        case (let input?, nil): return try lossesOfFile(input, heads, sketch: sketchShape(arguments), output)
        case (nil, let path?):
            guard arguments[sketchFlag] == nil else {
                throw InputError("--sketch is for --input, a cache holds sketches already")
            }
            let subset = TrajectorySubset(rawValue: arguments[trajectoriesFlag]) ?? .all
            let cache = try HiddenStateCache(folder: folder(path)), run = HeadsRun(heads: folder(arguments[headsFlag]))
            try AutoDecoHeads<Element>.requireVocabulary(
                cache.description.vocabularySize, folder: folder(arguments[headsFlag]))
            // All trajectories are the same under any split.
            let trajectories =
                subset == .all
                ? cache.trajectories : cache.trajectories(subset, of: try split(of: run, on: cache, arguments, console))
            guard !trajectories.isEmpty else {
                throw InputError(
                    "\(path): none of \(cache.trajectories.count) trajectories is used for \(subset.rawValue), "
                        + "expected at least one")
            }
            return try lossesOfCache(cache, trajectories, heads, output, console)
        default: throw InputError("expected either --input or --cache")
        }
    }
    let report = try arguments[precisionFlag] == "double" ? run(Double.self) : run(Float.self)
    try arguments[jsonFlag] ? console.print(json: report) : console.print(report.text)
}

private func sketchShape(_ arguments: Arguments) -> SketchShape? {
    arguments[sketchFlag].map { SketchShape(exact: $0.first, bins: $0.second) }
}

/// Losses of the tokens of one file, in one block.
private func lossesOfFile<Element: Scalar & StoredScalar>(
    _ path: String, _ heads: AutoDecoHeads<Element>, sketch: SketchShape?, _ output: LossOutput<Element>
) throws -> LossReport {
    let input = try TokenInput<Element>(path: path, hiddenSize: heads.configuration.hiddenSize)
    let labels = try input.labels(), draws = try input.easyTokenDraws()
    func report(_ logits: some TokenLogits<Element>) throws -> LossReport {
        let settings = LossSettings()
        let kept = draws.map {
            easyTokenMask(labelRanks: logits.labelRanks, draws: $0, dropRate: settings.easyTokenDropRate)
        }
        let counts = TokenCounts(tokens: logits.count, kept: kept?.count { $0 } ?? logits.count)
        var losses = HeadsLosses(heads: heads, counts: counts, settings: settings, gradients: output.wantsGradients)
        let (temperature, topP) = losses.add(hidden: input.hidden, logits: logits, kept: kept)
        var output = output
        output.add(logits, temperature, topP)
        return try output.finish(losses)
    }
    if let sketch { return try report(input.prepared { try LogitSketches(logits: $0, labels: labels, shape: sketch) }) }
    return try report(input.prepared { try SortedRows(logits: $0, labels: labels) })
}

/// Losses of the tokens of a cache, block by block.
private func lossesOfCache<Element: Scalar & StoredScalar>(
    _ cache: HiddenStateCache, _ trajectories: [TrajectoryIndex], _ heads: AutoDecoHeads<Element>,
    _ output: LossOutput<Element>, _ console: Console
) throws -> LossReport {
    let progress = console.progress("losses", of: trajectories.tokens)
    var output = output
    let losses = try cache.losses(of: heads, over: trajectories, gradients: output.wantsGradients) {
        batch, temperature, topP in
        try Interruption.check()
        output.add(batch.sketches, temperature, topP)
        progress.advance(by: batch.count)
    }
    progress.finish()
    return try output.finish(losses)
}
