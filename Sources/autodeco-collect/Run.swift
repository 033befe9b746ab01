import Backbone
import Files
import Foundation
import HiddenStateCache
import Recipes
import Safetensors
import Tasks
import Terminal
import Tokenizers
import Trajectories

/// What a configuration asks for, with its inputs read and held against each other: nothing is written before all of it
/// fits.
struct Run {
    let configuration: RunConfiguration
    let output: URL
    let cacheFolder: URL
    let modelFolder: String
    let model: Transformer
    /// Nil where the model's folder has none, which is enough for trajectories of ids.
    let tokenizer: Tokenizer?
    let cache: CacheDescription
    /// Nil where trajectories are there already.
    let sampler: RejectSampler?

    init(_ configuration: RunConfiguration) throws {
        self.configuration = configuration
        output = URL(
            fileURLWithPath: try configuration.required(configuration.collect.folder, "collect.folder"),
            isDirectory: true)
        cacheFolder = URL(
            fileURLWithPath: try configuration.required(configuration.cache.folder, "cache.folder"), isDirectory: true)
        modelFolder = try configuration.required(configuration.model.folder, "model.folder")
        let url = URL(fileURLWithPath: modelFolder, isDirectory: true)
        model = try Transformer(
            directory: url, precision: configuration.model.precision,
            acceptsAnyHeads: configuration.acceptsAnyHeads)
        tokenizer = try Tokenizer(ofModel: url)
        if let tokenizer { try model.requireFit(tokenizer, in: modelFolder) }

        do {
            cache = try configuration.cacheDescription(
                hiddenSize: model.configuration.hiddenSize, vocabularySize: model.configuration.vocabularySize,
                modelName: configuration.model.name ?? url.lastPathComponent, modelPath: modelFolder,
                products: model.precision)
        } catch { throw InputError("\(configuration.file): section \(error)") }
        sampler =
            configuration.collect.trajectories == nil
            ? try Self.sampler(configuration, model, tokenizer, modelFolder) : nil
        for folder in [output, cacheFolder] { try Self.checkWritable(folder) }
    }

    private static func sampler(
        _ configuration: RunConfiguration, _ model: Transformer, _ tokenizer: Tokenizer?, _ modelFolder: String
    ) throws -> RejectSampler {
        let collect = configuration.collect, task = configuration.task
        guard let tokenizer else { throw InputError("\(modelFolder): has no tokenizer, which sampling needs") }
        let problems = try task.problems(in: configuration.required(task.train, "task.train"), limit: collect.problems)
        let policy = try CollectPolicy(
            collect, model: model.configuration, modelDigits: Fingerprint(model: model, folder: modelFolder).digits)
        return try RejectSampler(
            model: model, tokenizer: tokenizer,
            policy: policy.policy, policyName: policy.name,
            verifier: try task.makeVerifier(), rendering: task.rendering, stops: task.stop,
            problems: problems,
            settings: SamplingSettings(
                samples: collect.samples, keep: collect.keep, keepsRejected: collect.keepRejected,
                keepsAll: collect.keepAll, maxTokens: collect.maxTokens, seed: UInt64(collect.seed),
                width: collect.batch))
    }

    /// The folder, or the nearest one above it that is there, must take files.
    private static func checkWritable(_ folder: URL) throws {
        var place = folder.standardizedFileURL
        while !FileManager.default.fileExists(atPath: place.path), place.path != "/" {
            place = place.deletingLastPathComponent()
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw InputError("\(folder.path): cannot be made, \(place.path) is a file")
        }
        guard FileManager.default.isWritableFile(atPath: place.path) else {
            throw InputError("\(folder.path): cannot be written, \(place.path) does not take files")
        }
    }

    /// Nobody else works in the folders of this run while the locks live.
    func lockFolders() throws -> [FolderLock] {
        try [output, cacheFolder].reduce(into: []) { locks, folder in
            // Both may be the same.
            if locks.isEmpty || folder.standardizedFileURL != output.standardizedFileURL {
                locks.append(try FolderLock(folder))
            }
        }
    }

    // MARK: Fingerprints

    /// What decides over the sampled trajectories.
    func samplingFingerprint() throws -> Fingerprint {
        let task = configuration.task
        var fingerprint = try Fingerprint(model: model, folder: modelFolder)
        try fingerprint.add("task.train", contentOf: configuration.required(task.train, "task.train"))
        try fingerprint.add(task)
        try fingerprint.add(configuration.collect)
        return fingerprint
    }

    /// What decides over the cache beside its own form, on one line.
    func cacheFingerprint(trajectories: String, states: EngineStates?) throws -> String {
        var fingerprint = try Fingerprint(model: model, folder: modelFolder)
        try fingerprint.add("trajectories", contentOf: trajectories)
        if let states { fingerprint.add("hidden states", states.digits) }
        return fingerprint.text
    }
}
