import Evaluation
import Files
import Foundation
import HiddenStateCache
import Scoring
import Training
import Trajectories

// One round: sample, cache, fit, measure. Each step goes on where it was ended.

extension Improver {
    /// What a round samples with: the configuration's policy, or the heads of the round before.
    func method(ofRound round: Int, after last: TrainedHeads?) -> (method: Method, name: String) {
        guard let last else { return (inputs.firstMethod, inputs.firstPolicyName) }
        let filter = inputs.evaluation.filter
        return (
            last.method("round \(round - 1)", filter: filter),
            last.policyName(filter) + LinePolicies.separator + inputs.modelDigits
        )
    }

    /// How a round fits heads.
    ///
    /// - Parameter last: the folder of the heads of the round before; nil in round 0.
    func training(after last: URL?) -> TrainingSettings {
        let ours = inputs.settings
        guard let last else { return inputs.training }
        var training = ours.objective == .reward ? inputs.training.ofReward : inputs.training
        if ours.start == .lastHeads || ours.objective == .reward { training.initialHeads = last.relativePath }
        if let rate = ours.learningRate { training.learningRate = rate }
        if let steps = ours.steps { training.steps = steps }
        training.warmupSteps = min(training.warmupSteps, training.steps)
        return training
    }

    /// What decides over a round's bytes.
    func fingerprint(ofRound round: Int, policyName: String) -> Fingerprint {
        var fingerprint = inputs.roundFingerprint
        fingerprint.add("round", round)
        fingerprint.add("policy", policyName)
        // Rounds from before there were these settings go on.
        let ours = inputs.settings
        if round > 0 {
            if let objective = ours.objective { fingerprint.add("improve.objective", objective.rawValue) }
            if ours.start != .scratch { fingerprint.add("improve.start", ours.start.rawValue) }
            if let steps = ours.steps { fingerprint.add("improve.steps", steps) }
            if let rate = ours.learningRate { fingerprint.add("improve.learningRate", rate) }
        }
        return fingerprint
    }

    /// Runs a round, or what is missing of it.
    ///
    /// - Throws: `CancellationError` where it was cancelled; what each step has finished stays.
    func run(
        round: Int, _ folder: RoundFolder, _ policy: (method: Method, name: String), _ fingerprint: Fingerprint
    ) throws -> RoundResult {
        let places = inputs.places(ofRound: round)
        var settings = inputs.sampling
        settings.seed &+= UInt64(round)
        let last = round > 0 ? RoundFolder(inputs.folder, round: round - 1).run.heads : nil
        let training = training(after: last)
        settings.keepsAll = settings.keepsAll || round > 0 && inputs.settings.objective == .reward
        let sampler = RejectSampler(
            inputs.train.selecting(places), policy: policy.method.policy, policyName: policy.name, settings: settings)
        var collection = try CollectionFolder(folder.collection, fingerprint: fingerprint)
        let counts = try sampler.fill(&collection, blockSize: inputs.blockSize) { event in
            switch event {
            case .began(let counts, _):
                onEvent(
                    .began(
                        "round \(round): sample, completions", total: inputs.completionsPerRound, done: counts.sampled))
            case .completed: onEvent(.advanced(1))
            case .warning(let words): onEvent(.warning(words))
            }
        } isCancelled: {
            isCancelled()
        }
        guard counts.accepted > 0 else {
            throw ImprovementError(
                "\(folder.collection.relativePath): none of \(counts.sampled) completions is right, expected at least "
                    + "one to learn from; easier problems, more of them or more samples may help")
        }
        let cache = try cache(of: collection.trajectories.path, round: round, folder)
        let summary = try fit(cache, training, round: round, folder)
        let heads = try TrainedHeads(folder: folder.run.heads, model: inputs.train.model.configuration)
        let outcomes = try measureOnValidation(
            heads.method("round \(round)", filter: inputs.evaluation.filter), "round \(round): validation, completions")
        let held = cache.trajectories(.validation, of: training.split)
        // A projected cache has not what finished heads read.
        let bands =
            inputs.cache.rank == nil
            ? try EntropyBand.bands(of: heads.heads, on: cache, over: held.isEmpty ? cache.trajectories : held) : nil
        return RoundResult(
            round: round, policy: policy.name, firstProblem: places.first ?? 0, problems: places.count,
            seed: settings.seed, sampled: counts.sampled, accepted: counts.accepted, kept: counts.kept,
            sampledTokens: counts.sampledTokens, validationLoss: summary.validationLoss, bestStep: summary.bestStep,
            meanTemperature: summary.meanTemperature ?? outcomes.meanTemperature ?? 1,
            meanTopP: summary.meanTopP ?? outcomes.meanTopP ?? 1, temperatureByEntropy: bands,
            heads: heads.contentDigits,
            passRate: outcomes.passRate)
    }

    private func cache(of trajectories: String, round: Int, _ folder: RoundFolder) throws -> HiddenStateCache {
        let sampler = inputs.train
        let encoding = TrajectoryEncoding(model: sampler.model.configuration, tokenizer: sampler.tokenizer)
        let lengths = try TrajectoryLengths(path: trajectories, encoding: encoding, isCancelled: isCancelled)
        var fingerprint = Fingerprint()
        fingerprint.add("model", inputs.modelDigits)
        try fingerprint.add("trajectories", contentOf: trajectories)
        let builder = CacheBuilder(
            model: sampler.model, modelFolder: URL(fileURLWithPath: inputs.modelFolder, isDirectory: true),
            trajectories: trajectories, encoding: encoding, lengths: lengths, folder: folder.cache,
            description: inputs.cache, shardTokens: inputs.shardTokens, fingerprint: fingerprint.text,
            modelDigits: inputs.modelDigits)
        if try !builder.isComplete() {
            try builder.build(
                onStage: { stage in
                    let done = if case .writing(let before) = stage { before } else { 0 }
                    onEvent(.began("round \(round): cache, tokens", total: builder.plan.tokens, done: done))
                }, onTokens: { [onEvent] in onEvent(.advanced($0)) }, isCancelled: isCancelled)
        }
        return try HiddenStateCache(folder: folder.cache, verify: false)
    }

    private func fit(
        _ cache: HiddenStateCache, _ training: TrainingSettings, round: Int, _ folder: RoundFolder
    ) throws -> TrainingSummary {
        let trainer = try Trainer(
            settings: training, record: inputs.record(training), cache: cache, folder: folder.run)
        var last = 0
        let outcome = try trainer.train(
            resuming: true,
            TrainingEvents(
                step: { [onEvent] record in
                    if last == 0 {
                        onEvent(.began("round \(round): fit, steps", total: training.steps, done: record.step - 1))
                    }
                    onEvent(.advanced(1))
                    last = record.step
                }, isInterrupted: isCancelled,
                check: { [isCancelled] in if isCancelled() { throw CancellationError() } }))
        guard case .finished(let summary) = outcome else { throw CancellationError() }
        return summary
    }
}
