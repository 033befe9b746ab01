import AutoDecoHeads
import Backbone
import Configuration
import Foundation
import HiddenStateCache
import Tasks
import Trajectories

/// What a configuration asks to evaluate, with its inputs read and held against each other: nothing is sampled before all of it fits.
public struct EvaluationPlan: Sendable {
    /// `evaluation.folder`.
    public let folder: URL
    let settings: EvaluationSection
    let modelName, problemFile: String
    let sampler: MethodSampler
    let heads: TrainedHeads?
    let methods: MethodList
    /// Where the heads' average and the diagnosis come from; nil where there is no cache that fits.
    let heldOut: HeldOutTokens?
    /// Where the average comes from else.
    let validation: MethodSampler?
    /// The problems with each word in front; empty where words are not tried.
    let commands: [(command: Countdown.Command, sampler: MethodSampler)]
    /// What is tried without a word; the first of the problems.
    let plain: MethodSampler?
    /// What decides over all runs.
    let fingerprint: Fingerprint
    let validationFingerprint: Fingerprint?
    let configuration: String
    /// What the model's files leave in doubt, what cannot be measured, and why.
    public let notes: [String]

    /// - Parameter otherHeads: folders beside `evaluation.otherHeads`.
    /// - Throws: for what is missing in the configuration or does not fit together: model, tokenizer, problems, prompts, heads, verifier.
    public init(_ configuration: Configuration) throws {
        let settings = configuration.evaluation, task = configuration.task
        folder = URL(fileURLWithPath: try configuration.required(settings.folder, "evaluation.folder"), isDirectory: true)
        let modelFolder = try configuration.required(configuration.model.folder, "model.folder")
        let modelURL = URL(fileURLWithPath: modelFolder, isDirectory: true)
        problemFile = try configuration.required(task.test, "task.test")
        let model = try Transformer(directory: modelURL), tokenizer = try Tokenizer(directory: modelURL)
        try model.requireFit(tokenizer, in: modelFolder)
        modelName = configuration.model.name ?? modelURL.lastPathComponent
        let verifier = try task.makeVerifier()
        func sampler(_ problems: [Problem], _ rendering: PromptRendering) throws -> MethodSampler {
            MethodSampler(
                try ProblemSampler(model: model, tokenizer: tokenizer, verifier: verifier, rendering: rendering, stops: task.stop, problems: problems),
                maxTokens: settings.maxTokens, width: settings.batch)
        }
        let rendering = try task.rendering(for: tokenizer)
        let problems = try task.problems(in: problemFile, limit: settings.problems)
        self.sampler = try sampler(problems, rendering)

        let all = try TrainedHeads.reading([settings.heads].compactMap(\.self) + settings.otherHeads, model: model.configuration)
        heads = settings.heads == nil ? nil : all[0]
        let otherHeads = settings.heads == nil ? all : Array(all.dropFirst())

        var notes = model.warnings, heldOut: HeldOutTokens?, validation: MethodSampler?
        if let heads {
            let split = TrajectorySplit(validationFraction: configuration.training.validationFraction, seed: UInt64(configuration.training.seed))
            if let cache = configuration.cache.folder {
                do {
                    heldOut = try HeldOutTokens(
                        folder: URL(fileURLWithPath: cache, isDirectory: true), split: split, modelFolder: modelURL,
                        vocabularySize: model.configuration.vocabularySize, heads: heads.heads.configuration)
                } catch { notes.append("No diagnosis: \(error).") }
            } else {
                notes.append("No diagnosis: cache.folder is null.")
            }
            if heldOut == nil {
                if let file = task.validation {
                    validation = try sampler(try task.problems(in: file, limit: nil), rendering)
                } else {
                    notes.append("No mean shift: there is neither a cache nor task.validation to average the heads' temperature and top-p on.")
                }
            }
        }
        (self.heldOut, self.validation, self.notes) = (heldOut, validation, notes)
        methods = try MethodList(settings, heads: heads, otherHeads: otherHeads, hasMeanShift: heldOut != nil || validation != nil)

        let spoken = heads != nil && task.verifier == .countdown && task.command == nil ? min(settings.commandProblems, problems.count) : 0
        let first = Array(problems.prefix(spoken))
        plain = spoken > 0 ? try sampler(first, rendering) : nil
        commands =
            spoken > 0
            ? try Countdown.Command.allCases.map { ($0, try sampler(first, PromptRendering(template: rendering.template, command: $0))) } : []

        var fingerprint = Fingerprint()
        try fingerprint.add("model", model: modelFolder, output: model.outputSource)
        fingerprint.add(task)
        fingerprint.add("evaluation.maxTokens", settings.maxTokens)
        var test = fingerprint
        try test.add("task.test", contentOf: problemFile)
        test.add("evaluation.problems", problems.count)
        self.fingerprint = test
        if validation != nil, let file = task.validation {
            try fingerprint.add("task.validation", contentOf: file)
            validationFingerprint = fingerprint
        } else {
            validationFingerprint = nil
        }
        self.settings = settings
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        self.configuration = String(decoding: try encoder.encode(configuration.json), as: UTF8.self)
    }
}
