/// How heads are improved round by round: plain values, checked by nobody.
public struct ImprovementSettings: Sendable, Equatable {
    /// Rounds after the first, each of which samples with the heads of the round before; 0 fits once.
    public var rounds = 5
    /// Problems of `task.train` that a round samples: each takes the next ones, after the last the first again.
    public var problems = 2000
    /// Completions a problem.
    public var samples = 4
    /// What rounds after the first one minimise; nil goes on as the first.
    public var objective: Objective?
    /// What rounds after the first one start from.
    public var start = Start.scratch
    /// Steps and largest learning rate of rounds after the first one; nil takes those of the first.
    public var steps: Int?
    public var learningRate: Double?
    /// Problems of `task.validation` that rounds are compared on, from the first on.
    public var validationProblems = 400
    /// Rounds in a row without a better one after which no further one begins, at least 1.
    public var patience = 2
    /// Whether trajectories and caches of earlier rounds stay on the disk.
    public var keepRounds = false
    /// Folder of heads set by hand, which show what there is to win; nil leaves them out.
    public var planted: String?

    /// The defaults of `autodeco-improve`.
    public init() {}

    /// What rounds can minimise beside what `training` says.
    public enum Objective: String, Sendable, CaseIterable {
        /// Rewards of right and wrong completions; such rounds start from the last heads.
        case reward
    }

    /// What a round's heads are before its first step.
    public enum Start: String, Sendable, CaseIterable {
        /// Random ones, or those of `training.initialHeads`.
        case scratch
        /// Those of the round before.
        case lastHeads
    }
}
