import AutoDecoHeads
import Foundation
import HiddenStateCache
import LogitSketches
import Safetensors
import Tensor
import Terminal

private let labelledInputFlag = Flag.string(
    "input", "FILE", "safetensors file with hidden [N, D], logits [N, V] and labels [N]")
private let cacheFlag = Flag.string("cache", "DIR", "folder of a hidden-state cache, in place of --input")
private let trajectoriesFlag = Flag.choice(
    "trajectories", TrajectorySubset.allCases.map(\.rawValue), "which of the cache's trajectories"
).default("all")
private let fractionFlag = Flag.number("validation-fraction", "X", "share of the cache's trajectories that is held out")
    .default(0.05)
private let seedFlag = Flag.integer("seed", "N", "seed of the split into training and validation").default(0)
private let sketchFlag = Flag.integerPair(
    "sketch", "K,B", "send the logits of --input through a sketch of K logits and B bins")
private let gradientsFlag = Flag.string("gradients", "FILE", "receives the gradient of each loss by each parameter")
private let tokensFlag = Flag.string(
    "tokens", "FILE", "receives each token's joint loss and its derivatives, without weights and masking")

/// `autodeco-inspect loss`: the losses of heads on labelled tokens, with Dynamic Fine-Tuning's weights.
let lossCommand = Command(
    "loss", "Computes the losses of heads, and their gradients.",
    flags: [
        headsFlag, labelledInputFlag, cacheFlag, trajectoriesFlag, fractionFlag, seedFlag, sketchFlag, gradientsFlag,
        tokensFlag,
        precisionFlag, jsonFlag,
    ]
) { arguments, console in
    Interruption.watch()
    func run<Element: Scalar & StoredScalar>(_: Element.Type) throws -> LossReport {
        let heads = try AutoDecoHeads<Element>(folder: folder(arguments[headsFlag]))
        let output = LossOutput<Element>(gradients: arguments[gradientsFlag], tokens: arguments[tokensFlag])
        switch (arguments[labelledInputFlag], arguments[cacheFlag]) {
        case (let input?, nil): return try lossesOfFile(input, heads, sketch: try sketchShape(arguments), output)
        case (nil, let path?):
            guard arguments[sketchFlag] == nil else {
                throw InputError("--sketch is for --input, a cache holds sketches already")
            }
            let fraction = arguments[fractionFlag]
            guard (0...1).contains(fraction) else {
                throw InputError("--validation-fraction is \(fraction), expected a number from 0 to 1")
            }
            let split = TrajectorySplit(
                validationFraction: fraction, seed: UInt64(bitPattern: Int64(arguments[seedFlag])))
            let subset = TrajectorySubset(rawValue: arguments[trajectoriesFlag]) ?? .all
            let cache = try HiddenStateCache(folder: folder(path))
            try AutoDecoHeads<Element>.requireVocabulary(
                cache.description.vocabularySize, folder: folder(arguments[headsFlag]))
            return try lossesOfCache(cache, subset, split, heads, output, console)
        default: throw InputError("expected either --input or --cache")
        }
    }
    let report = try arguments[precisionFlag] == "double" ? run(Double.self) : run(Float.self)
    try arguments[jsonFlag] ? console.print(json: report) : console.print(report.text)
}

private func sketchShape(_ arguments: Arguments) throws -> SketchShape? {
    guard let sketch = arguments[sketchFlag] else { return nil }
    guard (5...65_536).contains(sketch.first), (1...65_536).contains(sketch.second) else {
        throw InputError("--sketch is \(sketch), expected 5 to 65536 logits and 1 to 65536 bins")
    }
    return SketchShape(exact: sketch.first, bins: sketch.second)
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
    _ cache: HiddenStateCache, _ subset: TrajectorySubset, _ split: TrajectorySplit, _ heads: AutoDecoHeads<Element>,
    _ output: LossOutput<Element>, _ console: Console
) throws -> LossReport {
    let trajectories = cache.trajectories(subset, of: split)
    guard !trajectories.isEmpty else {
        throw InputError(
            "\(cache.folder.path): none of \(cache.trajectories.count) trajectories is used for \(subset.rawValue), "
                + "expected at least one"
        )
    }
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
