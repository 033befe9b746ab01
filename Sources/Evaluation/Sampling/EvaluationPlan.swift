import AutoDecoHeads
import Backbone
import Decoding
import Files
import Foundation
import HiddenStateCache
import Scoring
import Tasks
import Tokenizers
import Trajectories

/// What is evaluated, with its inputs read and held against each other: nothing is sampled before all of it fits.
public struct EvaluationPlan: Sendable {
    /// `evaluation.folder`.
    public let folder: URL
    let settings: EvaluationSettings
    let modelName, problemFile: String
    let sampler: MethodSampler
    let heads: TrainedHeads?
    /// All heads, with the rows in which their T̂ decodes.
    let allHeads: [(rows: [RowKind], heads: TrainedHeads)]
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
    /// What cannot be measured, and why.
    public let notes: [String]

    /// - Parameter inputs: what is evaluated, and on what.
    /// - Throws: for what does not fit together: model, tokenizer, problems, prompts, heads.
    public init(_ inputs: EvaluationInputs) throws {
        let settings = inputs.settings
        (folder, problemFile, configuration, self.settings) = (
            inputs.folder, inputs.problemFile, inputs.configuration, settings
        )
        let modelURL = URL(fileURLWithPath: inputs.modelFolder, isDirectory: true)
        let model = try Transformer(
            directory: modelURL, precision: inputs.precision, acceptsAnyHeads: inputs.acceptsAnyHeads)
        let tokenizer = try Tokenizer(model: modelURL)
        try model.requireFit(tokenizer, in: inputs.modelFolder)
        modelName = inputs.modelName ?? modelURL.lastPathComponent
        func sampler(_ problems: [Problem], _ rendering: PromptRendering) throws -> MethodSampler {
            MethodSampler(
                try ProblemSampler(
                    model: model, tokenizer: tokenizer, verifier: inputs.verifier, rendering: rendering,
                    stops: inputs.stops, problems: problems),
                maxTokens: settings.maxTokens, width: settings.batch)
        }
        self.sampler = try sampler(inputs.problems, inputs.rendering)

        let rivalFolders: [(role: EvaluationResults.Role, folder: String)] = [
            (.planted, inputs.planted), (.paperRecipe, inputs.paperRecipe), (.improved, inputs.improved),
        ].compactMap { role, folder in folder.map { (role, $0) } }
        let rivals = try rivalFolders.map {
            (
                $0.role,
                try TrainedHeads(folder: URL(fileURLWithPath: $0.folder, isDirectory: true), model: model.configuration)
            )
        }
        let all = try TrainedHeads.reading(
            [inputs.heads].compactMap(\.self) + inputs.otherHeads, model: model.configuration)
        heads = inputs.heads == nil ? nil : all[0]
        let otherHeads = inputs.heads == nil ? all : Array(all.dropFirst())
        allHeads =
            all.enumerated().map { place, found in
                let rows: [RowKind] = NucleusFilter.allCases.map { .heads(found.name, $0) }
                let isFirst = inputs.heads != nil && place == 0
                return (rows + (isFirst ? [.role(.autoDeco), .role(.temperatureHeadOnly)] : []), found)
            } + rivals.map { ([.role($0.0)], $0.1) }

        var notes = model.warnings + inputs.notes, heldOut: HeldOutTokens?, validation: MethodSampler?
        if let heads {
            if let cache = inputs.cacheFolder {
                do {
                    heldOut = try HeldOutTokens(
                        folder: URL(fileURLWithPath: cache, isDirectory: true), split: inputs.split,
                        modelFolder: modelURL, vocabularySize: model.configuration.vocabularySize,
                        heads: heads.heads.configuration)
                    heldOut?.isWeighted = inputs.isWeighted
                } catch { notes.append("No diagnosis: \(error).") }
            } else {
                notes.append("No diagnosis: cache.folder is null.")
            }
            if heldOut == nil {
                if let problems = inputs.validationProblems {
                    validation = try sampler(problems, inputs.rendering)
                } else {
                    notes.append(
                        "No mean shift: there is neither a cache nor task.validation to average the heads' "
                            + "temperature and top-p on.")
                }
            }
        }
        (self.heldOut, self.validation, self.notes) = (heldOut, validation, notes)
        methods = try MethodList(
            settings, heads: heads, rivals: rivals, otherHeads: otherHeads,
            hasMeanShift: heldOut != nil || validation != nil)

        let spoken = heads != nil ? min(settings.commandProblems, inputs.problems.count) : 0
        let first = Array(inputs.problems.prefix(inputs.spokenRenderings.isEmpty ? 0 : spoken))
        plain = first.isEmpty ? nil : try sampler(first, inputs.rendering)
        commands =
            first.isEmpty ? [] : try inputs.spokenRenderings.map { ($0.command, try sampler(first, $0.rendering)) }

        var fingerprint = inputs.task
        try fingerprint.add("model", modelAt: inputs.modelFolder)
        fingerprint.add("model", computationOf: model)
        fingerprint.add("evaluation.maxTokens", settings.maxTokens)
        var test = fingerprint
        try test.add("task.test", contentOf: problemFile)
        test.add("evaluation.problems", inputs.problems.count)
        self.fingerprint = test
        if validation != nil, let file = inputs.validationFile {
            try fingerprint.add("task.validation", contentOf: file)
            validationFingerprint = fingerprint
        } else {
            validationFingerprint = nil
        }
    }
}
