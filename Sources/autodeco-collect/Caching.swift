import Files
import Foundation
import HiddenStateCache
import Recipes
import Terminal
import Trajectories

extension Run {
    /// Makes the cache of a trajectory file as far as it is not there yet.
    ///
    /// - Throws: `Interrupted` after a signal; whole shards stay.
    func makeCache(
        of trajectories: String, _ lengths: TrajectoryLengths, _ encoding: TrajectoryEncoding, _ console: Console
    ) throws {
        let states = try configuration.collect.hiddenStates.map { path in
            try EngineStates(
                folder: URL(fileURLWithPath: path, isDirectory: true), hiddenSize: model.configuration.hiddenSize,
                check: Interruption.check)
        }
        let builder = CacheBuilder(
            model: model, modelFolder: URL(fileURLWithPath: modelFolder, isDirectory: true), trajectories: trajectories,
            encoding: encoding,
            lengths: lengths, folder: cacheFolder, description: cache, shardTokens: configuration.cache.shardTokens,
            fingerprint: try cacheFingerprint(trajectories: trajectories, states: states),
            modelDigits: try Fingerprint(model: model, folder: modelFolder).digits, states: states)
        if try builder.isComplete() {
            console.note("\(cacheFolder.path): complete already")
            return
        }
        let progress = ProgressOfStages(console: console, total: builder.plan.tokens)
        try interruptible {
            try builder.build(
                onStage: progress.begin, onTokens: progress.advance, isCancelled: { Interruption.isRequested })
        }
        progress.finish()
    }
}

/// The progress of the pass that runs. A class because the builder's callbacks share it.
private final class ProgressOfStages {
    private let console: Console
    private let total: Int
    private var current: ProgressLine?

    init(console: Console, total: Int) { (self.console, self.total) = (console, total) }

    func begin(_ stage: CacheBuilder.Stage) {
        finish()
        switch stage {
        case .components: current = console.progress("components, tokens", of: total)
        case .writing(let tokensBefore): current = console.progress("cache, tokens", of: total, from: tokensBefore)
        }
    }

    func advance(_ tokens: Int) { current?.advance(by: tokens) }

    func finish() { current?.finish() }
}
