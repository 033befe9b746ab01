import Decoding

/// What is compared, and how much is sampled: plain values, checked by nobody.
public struct EvaluationSettings: Sendable, Equatable {
    /// What their P̂ means: what serving engines do, what heads are trained with, or the tokens up to P̂ alone.
    public var filter = NucleusFilter.hard
    /// The paper's search: temperatures that are tried at P = 1, then thresholds at the best temperature.
    public var temperatures = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    public var topPs = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    /// The full grid, whose best pair is the yardstick; where either list is empty there is none, and the paper's
    /// search gives it.
    public var gridTemperatures = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2]
    public var gridTopPs = [0.6, 0.7, 0.8, 0.9, 1.0]
    /// Min-p keeps tokens at least this share as likely as the likeliest.
    public var minP = 0.1
    /// Entropy-driven temperature: T = minimum + (maximum − minimum)·(H/log V)^exponent.
    public var entropyMinimum = 0.5
    public var entropyMaximum = 1.5
    public var entropyExponent = 1.0

    // How much is sampled.
    /// Independent repetitions, whose spread is the ± of a figure.
    public var seeds = 8
    /// The first repetition's seed; the others follow. The best static pair is sampled again under the seeds after
    /// those.
    public var seed = 0
    /// Completions a problem and seed, of methods for which nothing else is said.
    public var samples = 4
    /// Completions a problem of every point of the grid; of the best `gridFinalists` ones again, those that are there
    /// already among them. Drawn under as many of the first seeds as give equal parts.
    public var gridSamples = 4
    public var gridFinalSamples = 8
    public var gridFinalists = 8
    /// Completions a problem under all seeds together, multiples of `seeds`: of a point of the paper's search, of each
    /// filter, and of heads and the best static pairs, whose pass@k goes as far as this.
    public var tuningSamples = 8
    public var filterSamples = 16
    public var curveSamples = 64
    /// Problems on which the words "certain" and "diverse" are tried, for Countdown; 0 leaves them out.
    public var commandProblems = 100
    /// Single completions that the report shows token by token.
    public var generations = 12
    /// Longest completion, its end token included.
    public var maxTokens = 16_384
    /// Completions that are decoded together.
    public var batch = 64

    /// The defaults of `autodeco-eval`.
    public init() {}

    /// Of the repetitions: `seed` and those that follow, each in 0...`Int.max`. After the largest comes 0.
    package var repetitionSeeds: [Int] { seeds(from: 0) }

    /// As many seeds again, behind the repetitions' own.
    package var freshSeeds: [Int] { seeds(from: seeds) }

    private func seeds(from offset: Int) -> [Int] { (0..<seeds).map { (seed &+ offset &+ $0) & Int.max } }
}
