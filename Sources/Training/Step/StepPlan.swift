import AutoDecoHeads
import HiddenStateCache

/// Which tokens each step takes: a function of the seed and the step's number, so that a step can be repeated, and a
/// run resumed, from its number alone.
///
/// Trajectories come epoch by epoch, each epoch in an order of its own; a step takes the next ones in line.
struct StepPlan {
    let trajectories: [TrajectoryIndex]
    let settings: TrainingSettings
    private let draws: EasyTokenDraws
    /// The order of the epoch that was asked for last.
    private var order: (epoch: Int, trajectories: [TrajectoryIndex])?

    /// - Parameter trajectories: those of training, at least one.
    init(trajectories: [TrajectoryIndex], settings: TrainingSettings) {
        (self.trajectories, self.settings) = (trajectories, settings)
        draws = EasyTokenDraws(seed: UInt64(settings.seed))
    }

    /// Where a step begins: the epoch, and how many of its trajectories earlier steps have taken.
    func place(step: Int) -> (epoch: Int, trajectory: Int) {
        let number = step * settings.trajectoriesPerStep
        return (number / trajectories.count, number % trajectories.count)
    }

    /// The trajectories of a step, cut to `maxTokens`, each with its epoch.
    mutating func trajectories(step: Int) -> [(epoch: Int, trajectory: TrajectoryIndex)] {
        let first = step * settings.trajectoriesPerStep
        return (first..<first + settings.trajectoriesPerStep).map { number in
            let epoch = number / trajectories.count
            if order?.epoch != epoch {
                order = (epoch, trajectories.shuffled(epoch: epoch, seed: UInt64(settings.seed)))
            }
            let trajectory =
                order.map { $0.trajectories[number % trajectories.count] } ?? trajectories[number % trajectories.count]
            return (epoch, trajectory.truncated(to: settings.maxTokens))
        }
    }

    /// The tokens of a step.
    mutating func tokens(step: Int, of cache: HiddenStateCache) -> StepTokens {
        var tokens = StepTokens()
        for (epoch, trajectory) in trajectories(step: step) {
            let isKept = keptTokens(of: trajectory, epoch: epoch, in: cache)
            tokens.counts.tokens += isKept.count
            tokens.counts.kept += isKept.count { $0 }
            if settings.readsDroppedTokens {
                tokens.runs.append(trajectory)
                tokens.isKept += isKept
            } else {
                // What is dropped enters no term, and is not even read.
                for run in runs(of: isKept) { tokens.runs.append(trajectory[run]) }
            }
        }
        if !settings.readsDroppedTokens { tokens.isKept = Array(repeating: true, count: tokens.counts.kept) }
        return tokens
    }

    /// Whether each token of a trajectory is kept in an epoch.
    func keptTokens(of trajectory: TrajectoryIndex, epoch: Int, in cache: HiddenStateCache) -> [Bool] {
        let ranks = cache.labelRanks(of: trajectory), positions = cache.positions(of: trajectory)
        let uniform = zip(ranks, positions).map { rank, position in
            // Only easy tokens need a draw.
            rank == 0 && settings.loss.easyTokenDropRate > 0
                ? draws.draw(epoch: epoch, trajectory: trajectory.number, position: position) : 1
        }
        return easyTokenMask(labelRanks: ranks, draws: uniform, dropRate: settings.loss.easyTokenDropRate)
    }

    /// The ranges in which all flags are true.
    private func runs(of flags: [Bool]) -> [Range<Int>] {
        var runs: [Range<Int>] = [], start: Int?
        for (index, flag) in flags.enumerated() {
            if flag, start == nil { start = index }
            if !flag, let first = start {
                runs.append(first..<index)
                start = nil
            }
        }
        if let first = start { runs.append(first..<flags.count) }
        return runs
    }
}

/// The tokens of one step: runs that are read, a flag for each token read, and the counts that means divide by.
public struct StepTokens: Sendable {
    var runs: [TrajectoryIndex] = []
    var isKept: [Bool] = []
    var counts = TokenCounts(tokens: 0, kept: 0)

    init() {}

    /// All tokens of some trajectories, none dropped.
    public init(all trajectories: [TrajectoryIndex]) {
        runs = trajectories
        counts = TokenCounts(tokens: trajectories.tokens, kept: trajectories.tokens)
        isKept = Array(repeating: true, count: counts.tokens)
    }
}
