import Backbone
import Files
import Foundation
import HiddenStateCache
import Tasks

/// Makes the hidden-state cache of a trajectory file, and goes on with one that was interrupted.
///
/// Trajectories that a verifier has found wrong are left out where they have no reward; the others keep the numbers of
/// their lines. Memory is that of one shard and one forward pass.
public struct CacheBuilder {
    /// How the trajectories are cut into shards.
    public let plan: ShardPlan
    private let model: Transformer
    private let modelFolder: URL
    private let trajectories: String
    private let encoding: TrajectoryEncoding
    private let folder: URL
    private let description: CacheDescription
    private let fingerprint: String
    private let problems: [Int32]
    private let policies: LinePolicies?
    private let rewards: LineRewards?
    private let recordsBehaviour: Bool
    private let states: EngineStates?

    /// - Parameters:
    ///   - modelFolder: whose small files the cache takes along.
    ///   - trajectories: path of the file.
    ///   - lengths: of that file.
    ///   - folder: the cache's.
    ///   - fingerprint: stands for trajectories and model; a cache under another one is refused.
    ///   - modelDigits: what policies of this very model end with; nil where nobody knows.
    ///   - states: hidden states of an engine that has walked the trajectories already; nil walks them here.
    public init(
        model: Transformer, modelFolder: URL, trajectories: String, encoding: TrajectoryEncoding,
        lengths: TrajectoryLengths, folder: URL,
        description: CacheDescription, shardTokens: Int, fingerprint: String, modelDigits: String? = nil,
        states: EngineStates? = nil
    ) {
        plan = ShardPlan(lengths: lengths.labels, shardTokens: shardTokens)
        (self.model, self.modelFolder, self.trajectories, self.encoding) = (model, modelFolder, trajectories, encoding)
        (self.folder, self.description, self.fingerprint) = (folder, description, fingerprint)
        (problems, recordsBehaviour) = (lengths.problems, lengths.knowsBehaviour)
        policies = LinePolicies(lines: lengths.policies, model: modelDigits)
        rewards = LineRewards(rewards: lengths.rewards, groups: lengths.groups)
        self.states = states
    }

    /// What the builder is at.
    public enum Stage: Sendable, Equatable {
        /// The first pass, for the principal components.
        case components
        /// The pass that writes; so many tokens are on disk from an earlier run.
        case writing(tokensBefore: Int)
    }

    /// Whether the folder holds the whole cache already.
    ///
    /// - Throws: `CacheError` where it holds another one.
    public func isComplete() throws -> Bool {
        guard FileManager.default.fileExists(atPath: folder.appendingPathComponent("cache.json").path) else {
            return false
        }
        let projection = try Projection.existing(in: folder, description, fingerprint: fingerprint)
        guard (projection != nil) == (description.rank != nil) else { return false }
        let writer = try writer(projection)
        return plan.shards.allSatisfy(writer.isWritten)
            && writer.holds(problems: knownProblems, policies: policies, rewards: rewards)
    }

    /// Of each line the number of its problem; nil where no line names one.
    private var knownProblems: [Int32]? { problems.contains { $0 >= 0 } ? problems : nil }

    /// Writes what is not there yet.
    ///
    /// - Parameters:
    ///   - onStage: hears of each pass before it begins; each goes over ``ShardPlan/tokens`` tokens.
    ///   - onTokens: hears how many tokens have been walked since the last call.
    /// - Throws: `CancellationError` where it was cancelled; whole shards stay.
    public func build(
        onStage: (Stage) -> Void = { _ in }, onTokens: @escaping (Int) -> Void = { _ in },
        isCancelled: @escaping () -> Bool = { false }
    ) throws {
        var projection: Projection?
        if let rank = description.rank {
            projection = try Projection.existing(in: folder, description, fingerprint: fingerprint)
            if projection == nil {
                onStage(.components)
                projection = try components(onTokens, isCancelled).projection(rank: rank)
            }
        }
        let writer = try writer(projection)
        onStage(.writing(tokensBefore: plan.shards.filter(writer.isWritten).reduce(0) { $0 + $1.tokens }))
        let reader = try TrajectoryReader(path: trajectories, encoding: encoding)
        for shard in plan.shards where !writer.isWritten(shard) {
            try writer.write(shard) { tokens in
                try walk(shard, reader, isCancelled) { piece in
                    try tokens.append(
                        trajectories: piece.trajectories, labels: piece.labels, positions: piece.positions,
                        hidden: piece.hidden, behaviour: recordsBehaviour ? piece.behaviour : nil,
                        logits: model.logits)
                    onTokens(piece.labels.count)
                }
            }
        }
        try writer.finish(
            backbone: modelFolder, modelFingerprint: model.configuration.modelFingerprint, problems: knownProblems,
            policies: policies, rewards: rewards)
    }

    private func writer(_ projection: Projection?) throws -> CacheWriter {
        try CacheWriter(
            folder: folder, description: description, plan: plan, fingerprint: fingerprint, projection: projection,
            recordsBehaviour: recordsBehaviour)
    }

    private func components(
        _ onTokens: (Int) -> Void, _ isCancelled: @escaping () -> Bool
    ) throws -> PrincipalComponents {
        var components = PrincipalComponents(hiddenSize: description.hiddenSize)
        let reader = try TrajectoryReader(path: trajectories, encoding: encoding)
        for shard in plan.shards {
            try withoutActuallyEscaping(onTokens) { onTokens in
                try walk(shard, reader, isCancelled) { piece in
                    components.add(piece.hidden)
                    onTokens(piece.labels.count)
                }
            }
        }
        return components
    }

    /// Takes the trajectories of a shard through the model.
    private func walk(
        _ shard: ShardPlan.Shard, _ reader: TrajectoryReader, _ isCancelled: () -> Bool,
        _ take: (TrajectoryWalk.Piece) throws -> Void
    ) throws {
        try withoutActuallyEscaping(take) { take in
            var walk = TrajectoryWalk(model: model, take: take)
            for line in shard.trajectories where plan.lengths[line] > 0 {
                if isCancelled() { throw CancellationError() }
                guard let trajectory = try reader.trajectory(atLine: line),
                    trajectory.completionIDs.count == plan.lengths[line]
                else {
                    throw JSONLinesError("\(trajectories), line \(line + 1): has changed since the file was first read")
                }
                if let states {
                    try states.forEachPiece(
                        of: trajectory, line: line, rows: TrajectoryWalk.passRows, model: model
                    ) { start, hidden in
                        try take(TrajectoryWalk.Piece(trajectory, line: line, from: start, hidden: hidden))
                    }
                } else {
                    try walk.add(trajectory, line: line)
                }
            }
            try walk.finish()
        }
    }
}
