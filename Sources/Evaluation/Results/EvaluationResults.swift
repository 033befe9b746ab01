import Decoding
import Scoring

/// Everything that an evaluation found: what `results.json` holds, and what the tables and the report are made from.
///
/// Shares and pass@k are in [0, 1]; differences are of such.
public struct EvaluationResults: Sendable, Equatable, Codable {
    /// Name of the model, and the problem file.
    public var model: String
    public var problemFile: String
    public var problems: Int
    public var seeds: [Int]
    /// Names of the methods that are still to be measured; empty where the evaluation is complete.
    public var missing: [String]
    /// In the order of the table.
    public var rows: [Row]
    /// The paper's search.
    public var tuning: Tuning?
    /// The full grid; nil where it is switched off or not done.
    public var grid: Grid? = nil
    /// Whose pick is the best static pair in all comparisons: `bestPair`, or `paperPair` where there is no grid.
    public var yardstick = Role.bestPair
    public var comparisons: [Comparison]
    /// Pass@k for every k up to the samples drawn, of the rows that have many.
    public var curves: [Curve]
    public var diagnosis: TokenDiagnosis?
    public var commands: [CommandEffect]
    public var generations: [Generation]
    /// The resolved configuration, as JSON.
    public var configuration: String
    /// What could not be measured, and why: a sentence each.
    public var notes: [String] = []

    /// What a row is there for.
    public enum Group: String, Sendable, Codable, CaseIterable {
        /// Greedy, default sampling, and the best static pairs.
        case knobs
        /// Both heads.
        case autoDeco
        /// One head alone, the other knob at 1, and the heads' mean as a constant pair.
        case parts
        /// Heads that AutoDeco's are held against.
        case rivals
        /// Min-p and entropy-driven temperature.
        case baselines
        /// What P̂ means at inference, for heads of each objective.
        case filters
        /// A point of the paper's search.
        case tuning
    }

    /// Which of the methods that a report asks for by name a row is.
    public enum Role: String, Sendable, Codable, CaseIterable {
        case greedy, defaultSampling
        /// What the full grid found, and what the paper's search found, each sampled again.
        case bestPair, paperPair
        /// Heads, both or with the other knob at 1.
        case autoDeco, temperatureHeadOnly, topPHeadOnly
        /// The heads' own average as a constant pair.
        case meanShift
        /// Heads planted by hand, which say how much room there is; heads of the paper's recipe; heads improved round
        /// by round.
        case planted, paperRecipe, improved
        /// Decoding that adapts without training.
        case minP, entropyDriven
    }

    /// A method's line of the table.
    public struct Row: Sendable, Equatable, Codable {
        public var name: String
        public var group: Group
        /// At most one row has it; nil for all others.
        public var role: Role?
        public var passAt1: Estimate
        /// Of each seed.
        public var passAt1OfSeeds: [Double]
        /// Standard deviation over seeds (with n − 1); nil for one seed.
        public var deviationOverSeeds: Double?
        /// Completions of a problem under all seeds together.
        public var samplesPerProblem: Int
        /// Tokens of a completion.
        public var meanLength: Double
        public var truncatedShare: Double
        /// Completions that were not judged, because the verifier or the model failed; they count as wrong.
        public var faults: Int
        /// While this method was measured, the verifier's time included; nil where it is not known.
        public var tokensPerSecond: Double?
        /// Means over tokens; nil for greedy.
        public var meanTemperature, meanTopP: Double?
        /// The constant pair that it is; nil for other methods.
        public var pair: StaticPair? = nil
        /// The heads' name and the filter, in rows that compare filters; nil for other methods.
        public var heads: String? = nil
        public var filter: NucleusFilter? = nil
        /// T̂ of the heads at uncertain held-out tokens; nil for other methods and where there is no cache.
        public var uncertain: MeanKnobs.Uncertain? = nil
        /// The first reason, in a sentence; nil where all were judged.
        public var firstFault: String? = nil
    }

    /// A static pair that was tried.
    public struct Point: Sendable, Equatable, Codable {
        public var pair: StaticPair
        public var passAt1: Estimate
        /// Whether nothing but the likeliest token could be drawn, so that it is greedy decoding.
        public var equalsGreedy = false
    }

    /// The full grid of temperatures and thresholds.
    public struct Grid: Sendable, Equatable, Codable {
        /// By temperature, then P, ascending; the best of them again with more samples.
        public var points, finalists: [Point]
        /// The best finalist.
        public var best: StaticPair
        /// Completions a problem of a point, and of a finalist.
        public var samplesPerProblem, finalSamplesPerProblem: Int
    }

    /// Both curves of the paper's search.
    public struct Tuning: Sendable, Equatable, Codable {
        /// At P = 1, and at the best temperature.
        public var temperatures, topPs: [Point]
        public var best: StaticPair
        public var samplesPerProblem: Int
    }

    /// First − second at pass@1, paired over problems.
    public struct Comparison: Sendable, Equatable, Codable {
        public var first, second: String
        public var difference: Estimate
    }

    /// Pass@k for k = 1, 2, … of one row.
    public struct Curve: Sendable, Equatable, Codable {
        public var name: String
        /// At k = index + 1.
        public var points: [Estimate]
        /// This curve − that of the best static pair, paired over problems; nil for that one itself.
        public var aboveBest: [Estimate]?
    }

    /// What a word in the prompt does to the heads' knobs (the form of the paper's Table 4).
    public struct CommandEffect: Sendable, Equatable, Codable {
        /// The word; nil for the prompt without one.
        public var command: String?
        public var problems: Int
        /// Over the problems' means.
        public var meanTemperature, meanTopP: Double
        /// With the word − without it, paired over problems; nil for the row without one.
        public var temperatureChange, topPChange: Estimate?
        /// Share of the problems whose mean moves as the word says: down for "certain", up for "diverse".
        public var temperatureConsistency, topPConsistency: Double?
    }

    /// One completion with what the heads said about every token.
    public struct Generation: Sendable, Equatable, Codable {
        public struct Token: Sendable, Equatable, Codable {
            public var text: String
            public var temperature, topP: Double
            /// Of the token under softmax(l/T̂), before any filter, and that distribution's entropy in nats.
            public var probability, entropy: Double
        }

        public var method: String
        public var problem: String
        public var prompt: String
        public var isCorrect, isTruncated: Bool
        public var tokens: [Token]
    }
}
