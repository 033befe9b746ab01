import Files
import Foundation
import HiddenStateCache
import Safetensors
import Terminal

private let cacheFolders = Positional.rest("DIR", "folder of the hidden-state cache; with --merge those of all parts")
private let noVerifyFlag = Flag.switch("no-verify", "do not read all shards to compare checksums")
private let mergeFlag = Flag.string(
    "merge", "OUT", "join the parts that several processes have written into a cache in this new folder")

private let upgradeFlag = Flag.switch(
    "upgrade",
    "rewrite a cache of an older format version as one of the newest, in its place; a run that began on it "
        + "begins anew")

/// `autodeco-inspect cache DIR`: a summary of a hidden-state cache, which is checked on the way; `cache --merge OUT DIR
/// …` makes it of parts first, `cache --upgrade DIR` brings it to the newest format version.
let cacheCommand = Command(
    "cache", "Checks and summarises a hidden-state cache, joins parts of one, or upgrades an older one.",
    flags: [mergeFlag, upgradeFlag, noVerifyFlag, jsonFlag], positionals: [cacheFolders]
) { arguments, console in
    Interruption.watch()
    let folders = arguments[cacheFolders]
    var path = folders.first
    if arguments[upgradeFlag], arguments[mergeFlag] != nil {
        throw InputError("--upgrade and --merge exclude each other, expected one of them: what is joined is new")
    }
    if let merged = arguments[mergeFlag] {
        guard folders.count >= 2 else {
            throw InputError(
                "--merge found \(Readable.count(folders.count, "cache")) to join, expected at least two; "
                    + "name them behind \(merged)")
        }
        try merge(folders, into: merged, console)
        path = merged
    } else if folders.count > 1 {
        throw InputError(
            "found \(Readable.count(folders.count, "folder")), expected one; --merge OUT joins several into one cache")
    }
    guard let path else { throw InputError("DIR is missing: folder of the hidden-state cache") }
    if arguments[upgradeFlag] {
        let target = folder(path), lock = FileManager.default.fileExists(atPath: path) ? try FolderLock(target) : nil
        defer { withExtendedLifetime(lock) {} }
        let (before, newest) = (try HiddenStateCache.upgrade(target), HiddenStateCache.newestVersion)
        console.note(
            before == newest
                ? "\(path): is of format version \(newest) already" : "\(path): format version \(before) to \(newest)")
    }
    let cache = try HiddenStateCache(folder: folder(path), verify: !arguments[noVerifyFlag])
    let progress = console.progress("cache", of: cache.tokens)
    let tokens = try CacheSummary(cache) { count in
        try Interruption.check()
        progress.advance(by: count)
    }
    progress.finish()
    let report = CacheReport(cache, tokens)
    try arguments[jsonFlag] ? console.print(json: report) : console.print(report.text)
}

private func merge(_ parts: [String], into merged: String, _ console: Console) throws {
    let target = folder(merged), lock = FileManager.default.fileExists(atPath: merged) ? try FolderLock(target) : nil
    defer { withExtendedLifetime(lock) {} }
    var count = 0, bytes = 0
    try HiddenStateCache.merge(parts.map(folder), into: target) { size in
        try Interruption.check()
        (count, bytes) = (count + 1, bytes + size)
    }
    console.note(
        "\(merged): \(Readable.count(count, "shard")) of \(Readable.count(parts.count, "cache")), "
            + Readable.bytes(bytes))
}

private struct CacheReport: Encodable {
    let cache: HiddenStateCache
    let tokens: CacheSummary

    init(_ cache: HiddenStateCache, _ tokens: CacheSummary) { (self.cache, self.tokens) = (cache, tokens) }

    enum CodingKeys: String, CodingKey {
        case shards, bytes, verified, rank, problems, policies
        case knowsBehaviour = "behaviour_log_probs"
        case modelName = "model_name"
        case modelPath = "model_path"
        case hiddenSize = "hidden_size"
        case vocabularySize = "vocabulary_size"
        case topLogits = "top_logits"
        case tailBins = "tail_bins"
        case hiddenType = "hidden_dtype"
    }

    func encode(to encoder: any Encoder) throws {
        let description = cache.description
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(description.modelName, forKey: .modelName)
        try container.encode(description.modelPath, forKey: .modelPath)
        try container.encode(description.hiddenSize, forKey: .hiddenSize)
        try container.encode(description.vocabularySize, forKey: .vocabularySize)
        try container.encode(description.sketch.exact, forKey: .topLogits)
        try container.encode(description.sketch.bins, forKey: .tailBins)
        try container.encode(description.hiddenType.rawValue, forKey: .hiddenType)
        try container.encodeIfPresent(description.rank, forKey: .rank)
        try container.encodeIfPresent(cache.problemCount, forKey: .problems)
        try container.encodeIfPresent(cache.policies?.names, forKey: .policies)
        try container.encode(cache.knowsBehaviour, forKey: .knowsBehaviour)
        try container.encode(cache.shardCount, forKey: .shards)
        try container.encode(cache.byteCount, forKey: .bytes)
        try container.encode(cache.isVerified, forKey: .verified)
        try tokens.encode(to: encoder)
    }

    private var problems: String {
        guard let count = cache.problemCount else { return HiddenStateCache.unknownProblems }
        return "of \(Readable.count(count)) problems; completions of one stay on one side of a split"
    }

    /// Who sampled the trajectories, as far as they say it.
    private var policies: String {
        guard let names = cache.policies?.names else { return "sampled by a policy that is not known" }
        let shown = names.prefix(3).joined(separator: "; ") + (names.count > 3 ? "; …" : "")
        return "sampled by \(shown); each token's log-probability there is \(cache.knowsBehaviour ? "" : "not ")known"
    }

    /// How many trajectories only the reward objective looks at; empty where the cache knows no rewards.
    private var rewards: String {
        guard cache.rewards != nil else { return "" }
        return
            "\n\(Readable.count(tokens.failed)) of them earned a reward of 0 or less, which the reward objective alone "
            + "learns from"
    }

    var text: String {
        let description = cache.description, lengths = tokens.tokensPerTrajectory
        let states =
            description.rank.map {
                "\(Readable.count($0, "principal component")) of hidden states of \(description.hiddenSize)"
            }
            ?? "hidden states of \(description.hiddenSize)"
        let sketch =
            description.vocabularySize > description.sketch.exact
            ? "\(description.sketch.exact) logits and \(Readable.count(description.sketch.bins, "bin"))" : "all logits"
        let share = { (value: Double) in String(format: "%.1f %%", 100 * value) }
        return """
            \(description.modelName), \(states) as \(description.hiddenType.rawValue), vocabulary of \
            \(Readable.count(description.vocabularySize)), \(sketch) a token
            \(Readable.count(cache.shardCount, "shard")), \(Readable.bytes(cache.byteCount)), \
            \(cache.isVerified ? "all checksums right" : "checksums not compared")
            \(Readable.count(tokens.trajectories, "trajectory", "trajectories")), \
            \(Readable.count(tokens.tokens, "token")), a trajectory has \
            \(Readable.count(lengths.smallest)) to \(Readable.count(lengths.largest)), \
            median \(Readable.count(lengths.median))
            \(problems)\(rewards)
            \(policies)
            easy tokens                 \(share(tokens.easyTokenShare))
            labels in the tail          \(share(tokens.labelInTailShare))
            mean entropy                \(String(format: "%.4f", tokens.meanEntropy)) nats
            mean label log-probability  \(String(format: "%.4f", tokens.meanLabelLogProbability))
            """
    }
}
