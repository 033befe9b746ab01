import Backbone
import Files
import Foundation
import HiddenStateCache
import Recipes
import Safetensors
import Tensor
import Terminal
import Training

// Fits AutoDeco heads to a hidden-state cache.

if let better = BLASKernels.better { Restart.setting(BLASKernels.variable, to: better) }

Command("autodeco-train", "Fits AutoDeco heads to a hidden-state cache.", flags: Flags.all) { arguments, console in
    let configuration = try RunConfiguration(path: arguments[Flags.config], overrides: arguments[Flags.set])
    let cacheFolder = try configuration.required(configuration.cache.folder, "cache.folder")
    let runFolder = try configuration.required(configuration.training.folder, "training.folder")

    Interruption.watch()
    func show(_ plan: RunPlan, _ configuration: RunConfiguration) throws {
        let preview = Preview(configuration: configuration.json, run: plan)
        try arguments[Flags.json] ? console.print(json: preview) : console.print(preview.text)
    }
    if arguments[Flags.dryRun],
        !FileManager.default.fileExists(atPath: folder(cacheFolder).appendingPathComponent("cache.json").path)
    {
        console.note(
            "no cache in \(cacheFolder) yet: counts are those that the configuration expects, the speed is measured "
                + "on random tokens"
        )
        let complete = configuration.withSizesOfModel
        return try show(complete.expectedPlan(check: Interruption.check), complete)
    }
    let cache = try HiddenStateCache(folder: folder(cacheFolder), verify: !arguments[Flags.noVerify])
    let trainer = try configuration.trainer(cache: cache, folder: RunFolder(folder(runFolder)))
    if arguments[Flags.dryRun] {
        return try show(trainer.timedPlan(), configuration)
    }

    if cache.isSelfSampled, let note = configuration.training.settings.noteOnSelfSampledText {
        console.warning(note)
    }
    let lock = try FolderLock(folder(runFolder))
    defer { withExtendedLifetime(lock) {} }
    let display = Display(console: console, steps: configuration.training.settings.steps)
    let texts = TokenTexts(folder: cache.backboneFolder)
    let outcome = try trainer.train(
        resuming: arguments[Flags.resume],
        TrainingEvents(
            note: console.note, step: display.show, validation: display.show,
            isInterrupted: { Interruption.isRequested },
            check: Interruption.check, texts: texts.texts))
    display.finish()
    switch outcome {
    case .finished(let summary):
        try arguments[Flags.json] ? console.print(json: summary) : console.print(text(of: summary))
    case .interrupted(let step, let checkpoint):
        console.warning("saved after step \(step) in \(checkpoint.path); --resume goes on from there")
        throw Interrupted()
    }
}.main(kernels: BLASKernels.summary)
