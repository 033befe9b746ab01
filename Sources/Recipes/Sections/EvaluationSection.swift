import Configuration

/// Comparing ways of decoding on problems that nothing was fitted to.
public struct EvaluationSection: Section {
    /// Output folder: results, report, and what has been sampled for them.
    public var folder: String?
    /// How many problems of `task.test`, from the first on; null takes all.
    public var problems: Int?

    // What is compared.
    /// Folder of the trained heads that are measured; null measures static decoding alone.
    public var heads: String?
    /// What their P̂ means: what serving engines do, what heads are trained with, or the tokens up to P̂ alone.
    public var filter = FilterChoice.hard
    /// Folders of further heads, such as those of the other objective. Each is measured under all three filters.
    public var otherHeads: [String] = []
    /// Expert-guided tuning: temperatures that are tried at P = 1, then thresholds at the best temperature.
    public var temperatures = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    public var topPs = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
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
    /// Completions a problem under all seeds together, multiples of `seeds`: of a point of expert-guided tuning, of
    /// each filter, and of heads and the best static pair, whose pass@k goes as far as this.
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

    public init() {}

    package static let name = "evaluation"
    package static let keys: [Key<Self>] = [
        Key("folder", \.folder, .path),
        Key("problems", \.problems, .within(1...1_000_000_000)),
        Key("heads", \.heads, .path),
        Key("filter", \.filter),
        Key("otherHeads", \.otherHeads, .path, mayBeEmpty: true),
        Key("temperatures", \.temperatures, .within(0...1e20)),
        Key("topPs", \.topPs, .within(0...1)),
        Key("minP", \.minP, .within(0...1)),
        Key("entropyMinimum", \.entropyMinimum, .within(0...1e20)),
        Key("entropyMaximum", \.entropyMaximum, .within(0...1e20)),
        Key("entropyExponent", \.entropyExponent, .from(0)),
        Key("seeds", \.seeds, .within(1...10_000)),
        Key("seed", \.seed, .within(0...largestSeed)),
        Key("samples", \.samples, .within(1...1_000_000)),
        Key("tuningSamples", \.tuningSamples, .within(1...1_000_000)),
        Key("filterSamples", \.filterSamples, .within(1...1_000_000)),
        Key("curveSamples", \.curveSamples, .within(1...1_000_000)),
        Key("commandProblems", \.commandProblems, .within(0...1_000_000_000)),
        Key("generations", \.generations, .within(0...10_000)),
        Key("maxTokens", \.maxTokens, .within(1...1_000_000_000)),
        Key("batch", \.batch, .within(1...65_536)),
    ]

    package var contradiction: (key: String, sentence: String)? {
        let totals = [
            ("tuningSamples", tuningSamples), ("filterSamples", filterSamples), ("curveSamples", curveSamples),
        ]
        if let (key, total) = totals.first(where: { $0.1 % seeds != 0 }) {
            return (
                key, "is \(total), expected a multiple of evaluation.seeds, \(seeds): each seed draws an equal part"
            )
        }
        if entropyMaximum < entropyMinimum {
            return (
                "entropyMaximum", "is \(entropyMaximum), expected at least evaluation.entropyMinimum, \(entropyMinimum)"
            )
        }
        return nil
    }
}

/// What top-p means at inference.
public enum FilterChoice: String, KeyChoice, KeyValue {
    case hard, soft, inclusive
}
