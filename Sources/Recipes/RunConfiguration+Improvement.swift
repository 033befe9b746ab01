import Backbone
import Configuration
import Evaluation
import Files
import Foundation
import Improvement
import Tokenizers
import Trajectories

extension RunConfiguration {
    /// What is improved, and on what, with model and problems read.
    ///
    /// - Throws: ``ConfigurationError`` for what is missing; what reading model, problems and heads throws.
    public func improvementInputs() throws -> ImprovementInputs {
        try requireSoundObjective()
        let modelFolder = try required(model.folder, "model.folder")
        let url = URL(fileURLWithPath: modelFolder, isDirectory: true)
        let transformer = try Transformer(
            directory: url, precision: model.precision, acceptsAnyHeads: acceptsAnyHeads)
        let tokenizer = try Tokenizer(model: url)
        try transformer.requireFit(tokenizer, in: modelFolder)
        func sampler(_ file: String, limit: Int?) throws -> ProblemSampler {
            try ProblemSampler(
                model: transformer, tokenizer: tokenizer, verifier: task.makeVerifier(), rendering: task.rendering,
                stops: task.stop, problems: task.problems(in: file, limit: limit))
        }
        let files = (
            train: try required(task.train, "task.train"), validation: try required(task.validation, "task.validation"),
            test: try required(task.test, "task.test")
        )
        let identity = try Fingerprint(model: transformer, folder: modelFolder)
        let policy = try CollectPolicy(collect, model: transformer.configuration, modelDigits: identity.digits)
        var shared = identity
        try shared.add(task)
        var validation = shared
        validation.add("evaluation.maxTokens", evaluation.settings.maxTokens)
        var test = validation
        try validation.add("task.validation", contentOf: files.validation)
        validation.add("improve.validationProblems", improve.settings.validationProblems)
        try test.add("task.test", contentOf: files.test)
        test.add("evaluation.problems", evaluation.problems.map { "\($0)" } ?? "null")
        return ImprovementInputs(
            folder: URL(fileURLWithPath: try required(improve.folder, "improve.folder"), isDirectory: true),
            settings: improve.settings, modelFolder: modelFolder, train: try sampler(files.train, limit: nil),
            validation: try sampler(files.validation, limit: improve.settings.validationProblems),
            test: try sampler(files.test, limit: evaluation.problems),
            firstMethod: Method(name: "round 0's policy", setting: policy.name, policy: policy.policy),
            firstPolicyName: policy.name,
            sampling: SamplingSettings(
                samples: improve.settings.samples, keep: collect.keep, keepsRejected: collect.keepRejected,
                keepsAll: collect.keepAll,
                maxTokens: collect.maxTokens, seed: UInt64(collect.seed), width: collect.batch),
            blockSize: collect.block,
            cache: try cacheDescription(
                hiddenSize: transformer.configuration.hiddenSize,
                vocabularySize: transformer.configuration.vocabularySize,
                modelName: model.name ?? url.lastPathComponent, modelPath: modelFolder,
                products: transformer.precision),
            shardTokens: cache.shardTokens, training: training.settings,
            record: { settings in
                var configuration = self
                configuration.training.settings = settings
                return configuration.record
            },
            evaluation: evaluation.settings, modelDigits: identity.digits,
            roundFingerprint: try roundFingerprint(shared, validation, train: files.train),
            validationFingerprint: validation, testFingerprint: test)
    }

    /// - Throws: ``ConfigurationError`` where rounds cannot learn from rewards as the configuration asks for.
    private func requireSoundObjective() throws {
        func refuse(_ sentence: String) -> ConfigurationError {
            ConfigurationError(.unsuitableValue, "\(file): \(sentence)")
        }
        if training.settings.loss.objective == .reward {
            throw refuse(
                "training.objective is \"reward\", expected another one for round 0, which no heads have sampled for; "
                    + "improve.objective is that of later rounds")
        }
        guard improve.settings.objective == .reward, training.settings.heads != .temperature else { return }
        guard evaluation.settings.filter == .soft else {
            throw refuse(
                "evaluation.filter is \"\(evaluation.settings.filter.rawValue)\", expected \"soft\", or "
                    + "training.heads = \"temperature\": improve.objective \"reward\" learns from tokens of the very "
                    + "distribution that heads are fitted to")
        }
    }

    /// What decides over what a round does: neither how many rounds there are nor which of them are kept.
    private func roundFingerprint(_ task: Fingerprint, _ validation: Fingerprint, train: String) throws -> Fingerprint {
        var fingerprint = task
        try fingerprint.add("task.train", contentOf: train)
        fingerprint.add("improve.problems", improve.settings.problems)
        fingerprint.add("improve.samples", improve.settings.samples)
        fingerprint.add("validation", validation.digits)
        fingerprint.add("evaluation.samples", evaluation.settings.samples)
        fingerprint.add("evaluation.seed", evaluation.settings.seed)
        fingerprint.add("evaluation.filter", evaluation.settings.filter.rawValue)
        var sampled = collect
        // Rounds take their own problems, samples and folders.
        (sampled.problems, sampled.samples, sampled.heads) = (nil, improve.settings.samples, nil)
        try fingerprint.add(sampled)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var form = cache, fit = training
        (form.folder, fit.folder) = (nil, nil)
        fingerprint.add("cache", String(decoding: try encoder.encode(form.json), as: UTF8.self))
        fingerprint.add("training", String(decoding: try encoder.encode(fit.json), as: UTF8.self))
        return fingerprint
    }
}
