import AutoDecoHeads
import Foundation
import HiddenStateCache
import Recipes
import Scoring
import Tensor
import Terminal
import Training

private let runFolders = Positional.rest("DIR", "folders of finished training runs")

/// `autodeco-inspect runs`: what the heads of several runs reach on the tokens that each held out, by its own objective
/// and weights beside the best constant pair, and all by the same losses, so that runs with different objectives
/// compare.
let runsCommand = Command(
    "runs", "Compares the heads of training runs by their losses on held-out tokens.", flags: [jsonFlag],
    positionals: [runFolders]
) { arguments, console in
    Interruption.watch()
    let folders = arguments[runFolders]
    guard !folders.isEmpty else { throw InputError("expected the folder of at least one training run") }
    var caches: [String: HiddenStateCache] = [:], rows: [RunRow] = []
    let progress = console.progress("runs", of: folders.count)
    for path in folders {
        try Interruption.check()
        rows.append(try RunRow(RunFolder(folder(path)), &caches, console))
        progress.advance(by: 1)
    }
    progress.finish()
    try arguments[jsonFlag] ? console.print(json: rows) : console.print(RunRow.tables(rows))
}

/// One run: how it was trained, and what its heads reach.
private struct RunRow: Encodable {
    /// Three losses that every run can be held to, means over tokens, nats.
    struct CommonLosses: Encodable {
        var joint = 0.0, releasedTemperature = 0.0, releasedTopP = 0.0
    }

    var name: String
    var objective: String
    var heads: String
    var easyTokenDrop: Double
    var dynamicFineTuning: Bool
    /// Over the run's held-out trajectories, nothing dropped: by its own objective and weights.
    var tokens: Int
    var loss: Double
    /// The heads beside the best constant pair, as the run itself judges them.
    var run: RunStanding?
    /// Every token counting the same, and by its base probability.
    var plain = CommonLosses()
    var weighted = CommonLosses()
    var meanTemperature: Double
    var meanTopP: Double

    init(_ folder: RunFolder, _ caches: inout [String: HiddenStateCache], _ console: Console) throws {
        let configuration = try RunConfiguration(path: folder.configuration.path), run = HeadsRun(heads: folder.heads)
        guard let settings = run.settings, let loss = run.loss else {
            let obstacle = run.obstacle ?? "its configuration is not known"
            throw InputError("\(folder.url.path): is no training run, \(obstacle)")
        }
        let path = try configuration.required(configuration.cache.folder, "cache.folder")
        let place = URL(fileURLWithPath: path, isDirectory: true)
        let cache = try caches[path] ?? HiddenStateCache(folder: place, verify: false)
        caches[path] = cache
        if let note = run.note(on: cache) { console.warning(note) }
        let held = cache.trajectories(.validation, of: settings.split)
        guard !held.isEmpty else {
            throw InputError("\(folder.url.path): the run holds out no trajectories, expected some to compare by")
        }
        let fitted = try AutoDecoHeads<Float>(folder: folder.heads)
        var sum = 0.0, temperatures = 0.0, topPs = 0.0, plain = CommonLosses(), weighted = CommonLosses()
        let tokens = CachedTokens(cache, held, blockTokens: settings.microBatchTokens)
        try tokens.forEachPrediction(of: fitted) { batch, T, P in
            try Interruption.check()
            sum += loss.tokens(batch.sketches, temperature: T, topP: P).sum()
            temperatures += T.sum()
            topPs += P.sum()
            let losses = batch.sketches.losses(temperature: T, topP: P, constants: LossSettings().constants)
            let p = batch.sketches.baseProbabilities
            plain.joint += losses.joint.sum()
            plain.releasedTemperature += losses.temperature.sum()
            plain.releasedTopP += losses.topP.sum()
            weighted.joint += (losses.joint * p).sum()
            weighted.releasedTemperature += (losses.temperature * p).sum()
            weighted.releasedTopP += (losses.topP * p).sum()
        }
        self.tokens = tokens.count
        let count = Double(tokens.count)
        name = folder.url.lastPathComponent
        (objective, heads) = (settings.loss.objective.rawValue, settings.heads.rawValue)
        (easyTokenDrop, dynamicFineTuning) = (settings.loss.easyTokenDropRate, settings.loss.dynamicFineTuning)
        self.loss = sum / count
        self.plain = plain.divided(by: count)
        self.weighted = weighted.divided(by: count)
        (meanTemperature, meanTopP) = (temperatures / count, topPs / count)
        self.run = try RunStanding(of: fitted, run, on: cache, held, Interruption.check)
    }

    static func tables(_ rows: [RunRow]) -> String {
        let width = max(20, (rows.map(\.name.count).max() ?? 0) + 2)
        func padded(_ text: String, _ width: Int) -> String {
            text.padding(toLength: width, withPad: " ", startingAt: 0)
        }
        func number(_ value: Double?, _ width: Int = 9) -> String {
            let text = value.map { String(format: "%.4f", $0) } ?? "–"
            return String(repeating: " ", count: max(0, width - text.count)) + text
        }
        let own =
            [
                padded("run", width) + padded("objective", 11) + padded("heads", 13) + padded("weights", 10)
                    + "     loss   judging  constant  heads are             mean T̂  mean P̂"
            ]
            + rows.map { row in
                padded(row.name, width) + padded(row.objective, 11) + padded(row.heads, 13)
                    + padded(row.dynamicFineTuning ? "base p" : "1", 10) + number(row.loss)
                    + number(row.run?.standing?.heads, 10) + number(row.run?.standing?.constant, 10) + "  "
                    + padded(row.verdict, 20) + String(format: "  %6.3f  %6.3f", row.meanTemperature, row.meanTopP)
            }
        let losses = "  joint  temperature    top-p"
        let common =
            [padded("run", width) + "weights 1:\(losses)   base p:\(losses)"]
            + rows.map { row in
                padded(row.name, width) + number(row.plain.joint, 17) + number(row.plain.releasedTemperature, 13)
                    + number(row.plain.releasedTopP) + number(row.weighted.joint, 16)
                    + number(row.weighted.releasedTemperature, 13) + number(row.weighted.releasedTopP)
            }
        return """
            By each run's own objective and weights, on what it held out; one half chose the constant, the other judges:

            \(own.joined(separator: "\n"))

            All by the same losses, on the same tokens:

            \(common.joined(separator: "\n"))
            """
    }

    private var verdict: String {
        switch run?.finding {
        case .better: "below the constant"
        case .worse: "above the constant"
        case .notToldApart: "not told apart"
        case .tooFew, nil: "too few to tell"
        }
    }
}

extension RunRow.CommonLosses {
    fileprivate func divided(by count: Double) -> Self {
        Self(
            joint: joint / count, releasedTemperature: releasedTemperature / count, releasedTopP: releasedTopP / count)
    }
}
