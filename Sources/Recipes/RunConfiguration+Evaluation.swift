import Configuration
import Decoding
import Evaluation
import Files
import Foundation
import HiddenStateCache
import Tasks
import Training

extension EvaluationPlan {
    /// What a configuration asks to evaluate.
    ///
    /// - Throws: for what is missing in the configuration or does not fit together: model, tokenizer, problems,
    ///   prompts, heads, verifier.
    public init(_ configuration: RunConfiguration) throws { try self.init(configuration.evaluationInputs()) }
}

extension RunConfiguration {
    /// What is evaluated, and on what, with the problems read.
    ///
    /// - Throws: ``ConfigurationError`` for what is missing; what reading problems throws.
    public func evaluationInputs() throws -> EvaluationInputs {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        let file = try required(task.test, "task.test")
        var fingerprint = Fingerprint()
        try fingerprint.add(task)
        var inputs = EvaluationInputs(
            folder: URL(fileURLWithPath: try required(evaluation.folder, "evaluation.folder"), isDirectory: true),
            settings: evaluation.settings, modelFolder: try required(model.folder, "model.folder"), problemFile: file,
            problems: try task.problems(in: file, limit: evaluation.problems), verifier: try task.makeVerifier(),
            rendering: task.rendering, split: training.settings.split, task: fingerprint,
            configuration: String(decoding: try encoder.encode(json), as: UTF8.self))
        (inputs.modelName, inputs.heads, inputs.otherHeads) = (model.name, evaluation.heads, evaluation.otherHeads)
        (inputs.planted, inputs.paperRecipe) = (evaluation.planted, evaluation.paperRecipe)
        inputs.improved = evaluation.improved
        inputs.precision = model.precision
        inputs.acceptsAnyHeads = acceptsAnyHeads
        (inputs.cacheFolder, inputs.stops) = (cache.folder, task.stop)
        if task.verifier == .countdown, task.command == nil {
            let template = inputs.rendering.template
            inputs.spokenRenderings = Countdown.Command.allCases.map {
                ($0, PromptRendering(template: template, command: $0))
            }
        }
        if let heads = evaluation.heads {
            let found = HeadsRun(heads: URL(fileURLWithPath: heads, isDirectory: true))
            inputs.split = found.split ?? inputs.split
            inputs.isWeighted = (found.settings ?? training.settings).loss.dynamicFineTuning
            if let path = cache.folder {
                let cache = try? HiddenStateCache(folder: URL(fileURLWithPath: path, isDirectory: true), verify: false)
                var notes = [found.note(beside: training.settings.split, of: self.file)]
                if let cache {
                    notes.append(found.note(on: cache))
                    if cache.problems == nil { notes.append("\(path): \(HiddenStateCache.unknownProblems).") }
                }
                inputs.notes += notes.compactMap(\.self)
            }
            if let validation = task.validation {
                inputs.validationFile = validation
                inputs.validationProblems = try task.problems(in: validation, limit: nil)
            }
        }
        return inputs
    }
}
