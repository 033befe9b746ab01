import AutoDecoHeads
import Dispatch
import Files
import Foundation
import HiddenStateCache
import Reports
import Scoring
import Tensor

/// Fits heads to a hidden-state cache.
///
///     let trainer = try Trainer(settings: settings, record: record, cache: cache, folder: RunFolder(folder))
///     switch try trainer.train(resuming: false, TrainingEvents(step: { print($0.loss) })) { … }
///
/// The same configuration, cache and seed give the same bits, with any number of threads, and whether or not the run
/// was interrupted and resumed in between. A class because it owns the buffers of all steps.
public final class Trainer {
    public let settings: TrainingSettings
    public let folder: RunFolder
    public let plan: RunPlan
    let cache: HiddenStateCache
    let headsConfiguration: HeadsConfiguration
    let validation: Validation
    let record: RunRecord
    var stepPlan: StepPlan
    private let gradients: StepGradients
    private let checkpoint: TrainingCheckpoint
    private let initialHeads: InitialHeads?
    var batch: CachedBatch<Float>

    private static let initialStream: UInt64 = 0x696E_6974_0000_0000

    /// - Throws: ``TrainingError`` where the cache has no trajectory to train on, or none to validate on although a
    ///   fraction is to be held out, where it is not of the model that the configuration names, and where the initial
    ///   heads do not fit; what reading these throws.
    public init(settings: TrainingSettings, record: RunRecord, cache: HiddenStateCache, folder: RunFolder) throws {
        let isReward = settings.loss.objective == .reward
        let training =
            try isReward ? cache.informative() : cache.trajectories(.training, of: settings.split)
        let held = cache.trajectories(.validation, of: settings.split)
        func refuse(_ sentence: String) -> TrainingError {
            TrainingError(.unsuitableData, "\(cache.folder.path): \(sentence)")
        }
        let all = "none of \(counted(cache.trajectories.count, "trajectory", "trajectories"))",
            fraction = settings.validationFraction
        guard !training.isEmpty else {
            throw refuse(
                "\(all) is left for training, expected at least one beside those of "
                    + "training.validationFraction = \(fraction); completions of one problem stay together")
        }
        guard !held.isEmpty || fraction == 0 else {
            throw refuse(
                "\(all) is held out, expected at least one; raise training.validationFraction from \(fraction), "
                    + "or set it to 0; completions of one problem stay together")
        }
        try Self.requireModel(record, of: cache)
        (self.settings, self.record, self.cache, self.folder) = (settings, record, cache, folder)
        let precision = try settings.precision(over: cache.description, path: cache.folder.path)
        headsConfiguration = settings.headsConfiguration(hiddenSize: cache.description.storedSize)
        validation = Validation(
            CachedTokens(cache, held, blockTokens: settings.microBatchTokens), seed: settings.split.seed,
            loss: ObjectiveLoss(settings.loss, heads: settings.heads))
        stepPlan = StepPlan(trajectories: training, settings: settings)
        gradients = StepGradients(
            cache: cache, configuration: headsConfiguration, settings: settings.loss,
            microBatchTokens: settings.microBatchTokens, precision: precision)
        plan = RunPlan(
            cache: cache, heads: headsConfiguration, settings: settings, training: training, validation: held)
        let expected = headsConfiguration
        initialHeads = try settings.initialHeads.map { try InitialHeads(path: $0, expected: expected, cache: cache) }
        checkpoint = TrainingCheckpoint(
            configuration: headsConfiguration,
            identity: RunIdentity(
                settings: record.settings.merging(["precision": .string(precision.rawValue)]) { $1 },
                cache: try cache.fingerprint(),
                initialHeads: initialHeads?.fingerprint))
        batch = cache.emptyBatch()
    }

    /// The plan with a time estimate: one micro-batch of the first step is computed twice, and the second time counts.
    public func timedPlan() throws -> RunPlan {
        var plan = plan, tokens = stepPlan.tokens(step: 0, of: cache)
        let state = freshState()
        let readShare = Double(tokens.runs.tokens) / Double(max(1, tokens.counts.tokens))
        if let first = tokens.runs.blocks(tokens: settings.microBatchTokens).first {
            tokens.runs = first
            tokens.isKept = Array(tokens.isKept.prefix(first.tokens))
        }
        plan.setTime(
            rate: try gradients.rate(of: tokens, parameters: state.parameters), readShare: readShare, settings: settings
        )
        return plan
    }

    /// Trains to the last step, to an early stop, or until `events.isInterrupted`.
    ///
    /// - Parameter resuming: whether to go on from the folder's checkpoint; where there is none the run begins.
    /// - Throws: ``TrainingError`` for a folder that is in use or cannot be written, a checkpoint of another
    ///   configuration, and a loss or gradient that is not finite; `CacheError` for an unsound token. The last
    ///   checkpoint is whole in any case.
    public func train(resuming: Bool, _ events: TrainingEvents = TrainingEvents()) throws -> TrainingOutcome {
        guard resuming || !folder.hasCheckpoint else {
            throw TrainingError(
                .runFolder,
                "\(folder.checkpoint.path): the folder holds a run already, expected --resume to go on with it, or "
                    + "another training.folder"
            )
        }
        // Two checkpoints are there while one replaces the other.
        try folder.prepare(byteCount: 3 * plan.checkpointBytes + 1 << 22)
        let isNew = !folder.hasCheckpoint
        var state = isNew ? freshState() : try checkpoint.read(folder.checkpoint.path, settings: settings.adamW)
        let metrics = try MetricsFile(
            path: folder.metrics.path, steps: isNew ? -1 : state.step,
            validations: isNew ? -1 : state.progress.lastValidation ?? -1)
        // Before there is a checkpoint: a run that goes on takes the curves that it finds for its own.
        let curves = try EventFiles(folder: folder.tensorBoard.path, resumingAt: isNew ? nil : state.step + 1)
        if isNew {
            // Before the first step, so that a folder without room is found now.
            try save(state)
            try writeConfiguration()
        } else {
            events.note("going on from step \(state.step) of \(settings.steps)")
        }
        if !validation.heldOut.trajectories.isEmpty, cache.problems == nil {
            events.note("\(cache.folder.relativePath): \(HiddenStateCache.unknownProblems)")
        }
        if !validation.heldOut.trajectories.isEmpty, state.progress.yardsticks == nil {
            events.note(
                "looking for the best constant temperature and "
                    + "top-p on \(validation.halves.choosing.count) held-out tokens"
            )
            state.progress.yardsticks = try validation.overAll(validation.yardsticks(check: events.check))
        }
        if state.progress.lastValidation == nil { try validate(&state, metrics, curves, events) }

        let schedule = settings.schedule
        while state.step < settings.steps, state.progress.earlyStop == nil {
            let clock = Clock(), number = state.step, place = stepPlan.place(step: number)
            let tokens = stepPlan.tokens(step: number, of: cache)
            if number + 1 < settings.steps { cache.prefetch(stepPlan.trajectories(step: number + 1).map(\.trajectory)) }
            let (losses, norm) = try compute(tokens, state, step: number + 1)
            let rate = schedule.rate(step: number)
            state.optimizer.update(
                &state.parameters, gradients: gradients.gradients,
                gradientScale: norm.scale(toAtMost: settings.gradientClip), learningRate: rate)
            try requireFinite(state)
            state.progress.tokens += tokens.counts.tokens
            state.progress.kept += tokens.counts.kept
            let record = StepRecord(
                step: state.step, epoch: place.epoch, losses, learningRate: rate, gradientNorm: norm.value,
                seconds: clock.seconds)
            try metrics.append(record)
            try curves.add(record)
            events.step(record)

            let isLast = state.step == settings.steps, isInterrupted = events.isInterrupted()
            if isLast || state.step % settings.validationEvery == 0 { try validate(&state, metrics, curves, events) }
            if isLast || isInterrupted || state.progress.earlyStop != nil || state.step % settings.checkpointEvery == 0
            {
                try save(state)
            }
            if isInterrupted, !isLast { return .interrupted(step: state.step, checkpoint: folder.checkpoint) }
        }
        return .finished(try finish(state, metrics, curves, events))
    }

    private func freshState() -> TrainingState {
        var random = RandomGenerator(seed: UInt64(settings.seed), stream: Self.initialStream)
        let heads = initialHeads?.heads ?? AutoDecoHeads(configuration: headsConfiguration, random: &random)
        return TrainingState(heads: heads, settings: settings.adamW)
    }

    /// - Throws: ``TrainingError`` where the configuration names sizes of another model.
    private static func requireModel(_ record: RunRecord, of cache: HiddenStateCache) throws {
        let description = cache.description
        for (key, expected, found) in [
            ("hiddenSize", record.hiddenSize, description.hiddenSize),
            ("vocabularySize", record.vocabularySize, description.vocabularySize),
        ] {
            guard let expected, expected != found else { continue }
            throw TrainingError(
                .unsuitableData,
                "\(cache.folder.path): is the cache of a model with \(key) \(found) (\(description.modelName)), "
                    + "expected \(expected) as model.\(key) says; correct that, or give the cache of this model")
        }
    }

    /// Losses and gradients of a step, and their norm.
    private func compute(_ tokens: StepTokens, _ state: TrainingState, step: Int) throws -> (StepLosses, GradientNorm) {
        func stop(_ what: String, _ trajectory: Int?) -> TrainingError {
            let place = trajectory.map { "trajectory \($0)" } ?? "its trajectories together"
            return TrainingError(
                .notFinite,
                "the \(what) of step \(step) is not finite, first in \(place); the last good checkpoint is "
                    + "\(folder.checkpoint.path); a lower training.learningRate may help"
            )
        }
        do {
            let losses = try gradients.compute(tokens, parameters: state.parameters),
                norm = GradientNorm(of: gradients.gradients)
            guard norm.value.isFinite else { throw stop("gradient", try firstUnsound(tokens, state)) }
            return (losses, norm)
        } catch let problem as NotFinite {
            throw stop(problem.what, problem.trajectory)
        }
    }

    /// The first run of a step whose own gradient is not finite.
    private func firstUnsound(_ tokens: StepTokens, _ state: TrainingState) throws -> Int? {
        var start = 0
        for run in tokens.runs {
            var alone = tokens
            (alone.runs, alone.isKept) = ([run], Array(tokens.isKept[start..<start + run.count]))
            start += run.count
            _ = try gradients.compute(alone, parameters: state.parameters)
            if !GradientNorm(of: gradients.gradients).value.isFinite { return run.number }
        }
        return nil
    }

    /// What a run that diverges says: it is neither validated nor exported.
    private func diverged(_ what: String, _ state: TrainingState) -> TrainingError {
        TrainingError(
            .notFinite,
            "the \(what) after step \(state.step) is not finite; the last good checkpoint is "
                + "\(folder.checkpoint.path); "
                + "a lower training.learningRate may help")
    }

    /// - Throws: ``TrainingError`` where an update has made a parameter or a moment infinite or NaN.
    private func requireFinite(_ state: TrainingState) throws {
        guard GradientNorm(of: state.parameters).value.isFinite else { throw diverged("heads' parameters", state) }
        // A squared gradient may leave Float's range where the parameters do not: these would then never move again.
        guard GradientNorm(of: state.optimizer.secondMoments).value.isFinite else {
            throw diverged("optimiser's second moments", state)
        }
    }

    private func validate(
        _ state: inout TrainingState, _ metrics: MetricsFile, _ curves: EventFiles, _ events: TrainingEvents
    ) throws {
        state.progress.lastValidation = state.step
        guard let yardsticks = state.progress.yardsticks else {
            // Nothing is held out: the last heads are the best ones known.
            state.bestParameters = state.parameters
            return
        }
        let heads = AutoDecoHeads(configuration: headsConfiguration, ordered: state.parameters)
        let result = try TensorPool.$current.withValue(gradients.pool) { try validation.evaluate(heads, batch: &batch) }
        // Parameters of a step may be finite, and their loss not.
        guard result.loss.isFinite, result.choosingLoss.isFinite else { throw diverged("validation loss", state) }
        let isBest = state.progress.best.map { result.choosingLoss < $0.choosingLoss } ?? true
        if isBest {
            state.progress.best = .init(step: state.step, loss: result.loss, choosingLoss: result.choosingLoss)
            state.progress.validationsSinceBest = 0
            state.bestParameters = state.parameters
        } else {
            state.progress.validationsSinceBest += 1
            if let patience = settings.earlyStoppingPatience, state.progress.validationsSinceBest >= patience {
                state.progress.earlyStop = "\(counted(patience, "validation")) in a row without improvement"
            }
        }
        let record = ValidationRecord(step: state.step, result: result, yardsticks: yardsticks, isBest: isBest)
        try metrics.append(record)
        try curves.add(record)
        events.validation(record)
    }

    private func save(_ state: TrainingState) throws {
        try checkpoint.write(state, place: stepPlan.place(step: state.step), to: folder.checkpoint.path)
    }

    private func writeConfiguration() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try writeFile(try encoder.encode(record.configuration) + Data("\n".utf8), to: folder.configuration)
    }

}

/// Seconds since it was made.
struct Clock {
    private let start = DispatchTime.now().uptimeNanoseconds

    var seconds: Double { Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9 }
}

extension StepRecord {
    init(step: Int, epoch: Int, _ losses: StepLosses, learningRate: Double, gradientNorm: Double, seconds: Double) {
        self.init(
            step: step, epoch: epoch, loss: losses.loss, jointLoss: losses.joint, temperatureLoss: losses.temperature,
            topPLoss: losses.topP,
            learningRate: learningRate, gradientNorm: gradientNorm, tokens: losses.counts.tokens,
            keptTokens: losses.counts.kept,
            meanTemperature: losses.meanTemperature, meanTopP: losses.meanTopP, seconds: seconds,
            tokensPerSecond: Double(losses.counts.tokens) / max(seconds, 1e-9))
    }
}
