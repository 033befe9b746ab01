import Evaluation
import Files
import Foundation
import Training
import Trajectories

/// Improves heads round by round, and measures the best round.
///
/// Round 0 samples with the configuration's own policy, each later one with the heads of the round before; every round
/// takes the next problems under another seed, writes a cache, fits heads anew, and measures them on the validation
/// problems. What is finished is kept and found by what it depends on, so that a run which was ended goes on to the
/// same bytes. A class because its steps share events and folders.
public final class Improver {
    /// What happens, for whoever shows how far it is.
    public enum Event: Sendable {
        /// A part of the work begins: its name, how much it is, and how much of it was there already.
        case began(String, total: Int, done: Int)
        case advanced(Int)
        /// A round is done, now or in an earlier run.
        case finished(RoundResult)
        case warning(String)
    }

    let inputs: ImprovementInputs
    private let lock: FolderLock
    private let validation, test: Meter
    private(set) var onEvent: (Event) -> Void = { _ in }
    private(set) var isCancelled: () -> Bool = { false }

    /// - Throws: ``ImprovementError`` for settings that leave nothing to do; where the folder cannot be written, or
    ///   another process works in it.
    public init(_ inputs: ImprovementInputs) throws {
        for (name, sampler) in [
            ("task.train", inputs.train), ("task.validation", inputs.validation), ("task.test", inputs.test),
        ] where sampler.problems.isEmpty {
            throw ImprovementError("\(name): holds no problems, expected at least one")
        }
        self.inputs = inputs
        lock = try FolderLock(inputs.folder)
        let measures = inputs.folder.appendingPathComponent("measures", isDirectory: true)
        validation = try Meter(
            measures, name: "validation", inputs.validation, inputs.evaluation, base: inputs.validationFingerprint)
        test = try Meter(measures, name: "test", inputs.test, inputs.evaluation, base: inputs.testFingerprint)
    }

    /// Does what is not done yet, and writes `improve.json` and `report.html`.
    ///
    /// - Throws: `CancellationError` where it was cancelled; what is finished stays.
    public func run(
        onEvent: @escaping (Event) -> Void = { _ in }, isCancelled: @escaping () -> Bool = { false }
    ) throws -> ImprovementResults {
        (self.onEvent, self.isCancelled) = (onEvent, isCancelled)
        if let note = inputs.training.noteOnSelfSampledText { onEvent(.warning(note)) }
        let planted = try inputs.settings.planted.map {
            try TrainedHeads(
                folder: URL(fileURLWithPath: $0, isDirectory: true), model: inputs.train.model.configuration)
        }
        var rounds: [RoundResult] = [], heads: TrainedHeads?
        for round in 0...inputs.settings.rounds {
            let folder = RoundFolder(inputs.folder, round: round)
            let policy = method(ofRound: round, after: heads)
            let fingerprint = fingerprint(ofRound: round, policyName: policy.name)
            let result: RoundResult
            if let known = try folder.result(fingerprint) {
                result = known
            } else {
                result = try run(round: round, folder, policy, fingerprint)
                try folder.write(result, fingerprint)
            }
            rounds.append(result)
            onEvent(.finished(result))
            heads = try self.heads(of: result, folder)
            if round > 0, !inputs.settings.keepRounds {
                try RoundFolder(inputs.folder, round: round - 1).removeSamples()
            }
            try write(ImprovementResults(inputs, rounds))
            if rounds.haveStopped(patience: inputs.settings.patience) { break }
        }
        var results = ImprovementResults(inputs, rounds)
        let best = RoundFolder(inputs.folder, round: results.bestRound)
        guard let chosen = rounds.best else { return results }
        try measure(chosen, try self.heads(of: chosen, best), planted: planted, into: &results)
        try write(results)
        return results
    }

    /// The heads of a finished round.
    ///
    /// - Throws: ``ImprovementError`` where they are not those that the round left.
    private func heads(of result: RoundResult, _ folder: RoundFolder) throws -> TrainedHeads {
        let heads = try TrainedHeads(folder: folder.run.heads, model: inputs.train.model.configuration)
        guard heads.contentDigits == result.heads else {
            throw ImprovementError(
                "\(folder.run.heads.relativePath): holds other heads than round \(result.round) left there; remove "
                    + "\(folder.url.relativePath) to repeat it")
        }
        return heads
    }

    // MARK: Measuring

    /// Pass@1 of a method on the validation problems, under the seed that all rounds share.
    func measureOnValidation(_ method: Method, _ words: String) throws -> Outcomes {
        let settings = inputs.evaluation
        onEvent(.began(words, total: validation.problemCount * settings.samples, done: 0))
        return try validation.outcomes(
            method, samples: settings.samples, seeds: Array(settings.repetitionSeeds.prefix(1)),
            onCompletion: { onEvent(.advanced($0)) }, isCancelled: isCancelled)
    }

    /// The best round alone, once, on the test problems against its yardsticks.
    private func measure(
        _ chosen: RoundResult, _ heads: TrainedHeads, planted: TrainedHeads?, into results: inout ImprovementResults
    ) throws {
        let settings = inputs.evaluation
        func outcomes(_ method: Method, samples: Int? = nil, seeds: [Int]? = nil) throws -> Outcomes {
            let samples = samples ?? settings.samples, seeds = seeds ?? settings.repetitionSeeds
            let total = test.problemCount * (method.isDeterministic ? 1 : samples * seeds.count)
            onEvent(.began("test: \(method.name), completions", total: total, done: 0))
            return try test.outcomes(
                method, samples: samples, seeds: seeds, onCompletion: { onEvent(.advanced($0)) },
                isCancelled: isCancelled)
        }
        let ours = try outcomes(heads.method("round \(chosen.round)", filter: settings.filter))
        let pair = try bestConstantPair(settings) { pair, samples in
            try outcomes(Method(pair: pair), samples: samples, seeds: Array(settings.repetitionSeeds.prefix(1)))
        }
        // Once more under seeds of its own: among many points the best one is also the luckiest.
        let best = try outcomes(Method(pair: pair), seeds: settings.freshSeeds)
        let mean = chosen.meanPair
        let shift = try outcomes(Method(pair: mean))
        let room = try planted.map { try outcomes($0.method("heads planted by hand", filter: settings.filter)) }
        results.record(
            ours, heads: "round \(chosen.round)", bestPair: (pair, best), meanShift: (mean, shift), planted: room)
        // The curve of rounds is drawn on validation problems, and so are the yardsticks beside it.
        results.yardsticks.append(
            .init(
                name: "best constant pair",
                passRate: try measureOnValidation(
                    Method(pair: pair), "validation: best constant pair, completions"
                ).passRate))
        if let planted {
            results.yardsticks.append(
                .init(
                    name: "heads planted by hand",
                    passRate: try measureOnValidation(
                        planted.method("heads planted by hand", filter: settings.filter),
                        "validation: heads planted by hand, completions"
                    ).passRate))
        }
    }

    private func write(_ results: ImprovementResults) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        try AtomicFile.write(
            encoder.encode(results) + Data("\n".utf8), to: inputs.folder.appendingPathComponent("improve.json").path)
        try results.page.write(to: inputs.folder.appendingPathComponent("report.html").path)
    }
}
