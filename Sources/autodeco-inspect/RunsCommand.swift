import AutoDecoHeads
import Recipes
import Foundation
import HiddenStateCache
import Terminal
import Training

private let runFolders = Positional.rest("DIR", "folders of finished training runs")

/// `autodeco-inspect runs`: what the heads of several runs reach on held-out tokens, all by the same three losses, so
/// that runs with different objectives compare.
let runsCommand = Command(
    "runs", "Compares the heads of training runs by their losses on held-out tokens.", flags: [jsonFlag],
    positionals: [runFolders]
) { arguments, console in
    Interruption.watch()
    let folders = arguments[runFolders]
    guard !folders.isEmpty else { throw InputError("expected the folder of at least one training run") }
    var caches: [String: HiddenStateCache] = [:], rows: [RunRow] = []
    for path in folders {
        try Interruption.check()
        rows.append(try RunRow(RunFolder(folder(path)), &caches))
    }
    try arguments[jsonFlag] ? console.print(json: rows) : console.print(RunRow.table(rows))
}

/// One run: how it was trained, and what its heads reach.
private struct RunRow: Encodable {
    var name: String
    var objective: String
    var heads: String
    var easyTokenDrop: Double
    var dynamicFineTuning: Bool
    /// Over the run's held-out trajectories, with Dynamic Fine-Tuning and nothing dropped.
    var tokens: Int
    var joint: Double
    var releasedTemperature: Double
    var releasedTopP: Double
    var meanTemperature: Double
    var meanTopP: Double

    init(_ run: RunFolder, _ caches: inout [String: HiddenStateCache]) throws {
        let configuration = try RunConfiguration(path: run.configuration.path), training = configuration.training
        let path = try configuration.required(configuration.cache.folder, "cache.folder")
        let cache = try caches[path] ?? HiddenStateCache(folder: folder(path), verify: false)
        caches[path] = cache
        let split = TrajectorySplit(validationFraction: training.validationFraction, seed: UInt64(training.seed))
        let trajectories = cache.trajectories(.validation, of: split)
        guard !trajectories.isEmpty else {
            throw InputError("\(run.url.path): the run holds out no trajectories, expected some to compare by")
        }
        var temperatures = 0.0, topPs = 0.0
        let losses = try cache.losses(of: AutoDecoHeads<Float>(folder: run.heads), over: trajectories) { _, T, P in
            try Interruption.check()
            temperatures += T.sum()
            topPs += P.sum()
        }
        name = run.url.lastPathComponent
        (objective, heads) = (training.objective.rawValue, training.heads.rawValue)
        (easyTokenDrop, dynamicFineTuning) = (training.easyTokenDrop, training.dynamicFineTuning)
        tokens = losses.counts.tokens
        (joint, releasedTemperature, releasedTopP) = (losses.joint, losses.temperature, losses.topP)
        (meanTemperature, meanTopP) = (temperatures / Double(tokens), topPs / Double(tokens))
    }

    static func table(_ rows: [RunRow]) -> String {
        let width = max(20, (rows.map(\.name.count).max() ?? 0) + 2)
        func padded(_ text: String, _ width: Int) -> String {
            text.padding(toLength: width, withPad: " ", startingAt: 0)
        }
        let heading =
            padded("run", width) + padded("objective", 11) + padded("heads", 13)
            + "   joint   temperature     top-p   mean T̂  mean P̂"
        return
            ([heading]
            + rows.map { row in
                padded(row.name, width) + padded(row.objective, 11) + padded(row.heads, 13)
                    + String(
                        format: "%8.4f   %11.4f  %8.4f   %7.3f %7.3f", row.joint, row.releasedTemperature,
                        row.releasedTopP, row.meanTemperature, row.meanTopP)
            }).joined(separator: "\n")
    }
}
