import Configuration
import Decoding
import Evaluation

/// Comparing ways of decoding on problems that nothing was fitted to.
public struct EvaluationSection: Section {
    /// Output folder: results, report, and what has been sampled for them.
    public var folder: String?
    /// How many problems of `task.test`, from the first on; null takes all.
    public var problems: Int?

    // What is compared.
    /// Folder of the trained heads that are measured; null measures static decoding alone.
    public var heads: String?
    /// Folders of further heads, such as those of the other objective. Each is measured under all three filters.
    public var otherHeads: [String] = []
    /// Folders of heads that those are held against, each a row under the filter above: planted by hand, which says how
    /// much room there is; fitted by the paper's recipe; improved round by round. Null leaves the row out.
    public var planted, paperRecipe, improved: String?
    /// What is compared, and how much is sampled. The keys below lie side by side in a file.
    public var settings = EvaluationSettings()

    public init() {}

    package static let name = "evaluation"
    package static let keys: [Key<Self>] = [
        Key("folder", \.folder, .path),
        Key("problems", \.problems, .within(1...1_000_000_000)),
        Key("heads", \.heads, .path),
        Key("filter", \.settings.filter),
        Key("otherHeads", \.otherHeads, .path, mayBeEmpty: true),
        Key("planted", \.planted, .path),
        Key("paperRecipe", \.paperRecipe, .path),
        Key("improved", \.improved, .path),
        Key("temperatures", \.settings.temperatures, .within(0...1e20)),
        Key("topPs", \.settings.topPs, .within(0...1)),
        Key("gridTemperatures", \.settings.gridTemperatures, .within(0...1e20), mayBeEmpty: true),
        Key("gridTopPs", \.settings.gridTopPs, .within(0...1), mayBeEmpty: true),
        Key("gridSamples", \.settings.gridSamples, .within(1...1_000_000)),
        Key("gridFinalSamples", \.settings.gridFinalSamples, .within(1...1_000_000)),
        Key("gridFinalists", \.settings.gridFinalists, .within(1...10_000)),
        Key("minP", \.settings.minP, .within(0...1)),
        Key("entropyMinimum", \.settings.entropyMinimum, .within(0...1e20)),
        Key("entropyMaximum", \.settings.entropyMaximum, .within(0...1e20)),
        Key("entropyExponent", \.settings.entropyExponent, .from(0)),
        Key("seeds", \.settings.seeds, .within(1...10_000)),
        Key("seed", \.settings.seed, .within(0...largestSeed)),
        Key("samples", \.settings.samples, .within(1...1_000_000)),
        Key("tuningSamples", \.settings.tuningSamples, .within(1...1_000_000)),
        Key("filterSamples", \.settings.filterSamples, .within(1...1_000_000)),
        Key("curveSamples", \.settings.curveSamples, .within(1...1_000_000)),
        Key("commandProblems", \.settings.commandProblems, .within(0...1_000_000_000)),
        Key("generations", \.settings.generations, .within(0...10_000)),
        Key("maxTokens", \.settings.maxTokens, .within(1...1_000_000_000)),
        Key("batch", \.settings.batch, .within(1...65_536)),
    ]

    package var contradiction: (key: String, sentence: String)? {
        let totals = [
            ("tuningSamples", settings.tuningSamples), ("filterSamples", settings.filterSamples),
            ("curveSamples", settings.curveSamples),
        ]
        let seeds = settings.seeds, lowest = settings.entropyMinimum, highest = settings.entropyMaximum
        if let (key, total) = totals.first(where: { $0.1 % seeds != 0 }) {
            return (
                key, "is \(total), expected a multiple of evaluation.seeds, \(seeds): each seed draws an equal part"
            )
        }
        let points = settings.gridTemperatures.count * settings.gridTopPs.count, most = 10_000
        if points > most {
            return (
                "gridTemperatures",
                "has \(settings.gridTemperatures.count) values, with \(settings.gridTopPs.count) of "
                    + "evaluation.gridTopPs \(points) points, expected \(most) at most"
            )
        }
        if settings.gridFinalSamples < settings.gridSamples {
            return (
                "gridFinalSamples",
                "is \(settings.gridFinalSamples), expected at least evaluation.gridSamples, \(settings.gridSamples)"
            )
        }
        if highest < lowest {
            return ("entropyMaximum", "is \(highest), expected at least evaluation.entropyMinimum, \(lowest)")
        }
        return nil
    }
}

extension NucleusFilter: KeyChoice, KeyValue {}
