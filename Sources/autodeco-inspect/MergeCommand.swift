import AutoDecoHeads
import Backbone
import MergedCheckpoint
import Terminal

private let modelFlag = Flag.string("model", "DIR", "folder of the backbone").required()
private let outputFlag = Flag.string("output", "DIR", "receives the merged checkpoint; must not exist").required()
private let baseModelFlag = Flag.string(
    "base-model", "NAME",
    "what base_model_name_or_path says, where the released classes look for the backbone; as in the heads if not given")

/// `autodeco-inspect merge`: backbone and heads as the one checkpoint that the released classes and their vLLM build
/// load.
let mergeCommand = Command(
    "merge", "Joins a backbone and heads to the one checkpoint that AutoDeco's vLLM build serves.",
    flags: [headsFlag, modelFlag, outputFlag, baseModelFlag, jsonFlag]
) { arguments, console in
    Interruption.watch()
    let heads = folder(arguments[headsFlag])
    // Every tensor of the heads is read, so that none is missing or misshapen.
    let merge = try HeadsMerge(
        heads: heads, hiddenSize: AutoDecoHeads<Float>(folder: heads).configuration.hiddenSize,
        model: folder(arguments[modelFlag]), output: folder(arguments[outputFlag]),
        baseModel: arguments[baseModelFlag])
    let progress = console.progress("merge", of: merge.byteCount)
    try merge.write { bytes in
        try Interruption.check()
        progress.advance(by: bytes)
    }
    progress.finish()
    let summary = MergeSummary(
        output: arguments[outputFlag], tensors: merge.tensorCount, shards: merge.shardCount, bytes: merge.byteCount)
    try arguments[jsonFlag] ? console.print(json: summary) : console.print(summary.text)
}

private struct MergeSummary: Encodable {
    var output: String
    var tensors: Int
    var shards: Int
    var bytes: Int

    var text: String {
        "\(output): \(Readable.count(tensors)) tensors in \(Readable.count(shards)) file\(shards == 1 ? "" : "s"), "
            + "\(Readable.bytes(bytes))"
    }
}

private let mergedFlag = Flag.string("model", "DIR", "folder of the merged checkpoint").required()
private let backboneOutputFlag = Flag.string("output-model", "DIR", "receives the backbone; must not exist")
private let headsOutputFlag = Flag.string("output-heads", "DIR", "receives the heads; must not exist")

/// `autodeco-inspect split`: what `merge` has joined, in two folders again.
let splitCommand = Command(
    "split", "Takes a merged checkpoint apart again, into backbone, heads or both.",
    flags: [mergedFlag, backboneOutputFlag, headsOutputFlag, jsonFlag]
) { arguments, console in
    Interruption.watch()
    let backbone = arguments[backboneOutputFlag], heads = arguments[headsOutputFlag]
    guard backbone != nil || heads != nil else { throw InputError("expected --output-model, --output-heads or both") }
    let merged = folder(arguments[mergedFlag])
    _ = try AutoDecoHeads<Float>(folder: merged)
    let split = try HeadsSplit(merged: merged)
    let progress = backbone == nil ? nil : console.progress("split", of: split.backboneBytes)
    try split.write(
        backbone: backbone.map(folder), heads: heads.map(folder), architecture: { Family(rawValue: $0)?.architecture }
    ) { bytes in
        try Interruption.check()
        progress?.advance(by: bytes)
    }
    progress?.finish()
    let summary = SplitSummary(model: backbone, heads: heads)
    try arguments[jsonFlag] ? console.print(json: summary) : console.print(summary.text)
}

private struct SplitSummary: Encodable {
    var model: String?
    var heads: String?

    var text: String {
        [model.map { "model  \($0)" }, heads.map { "heads  \($0)" }].compactMap { $0 }.joined(separator: "\n")
    }
}
