import Configuration
import Decoding

/// Sampling trajectories and keeping the correct ones.
public struct CollectSection: Section {
    /// Output folder: trajectories.jsonl, summary.json.
    public var folder: String?
    /// Existing trajectories, one JSON object a line: then nothing is sampled, and only the cache is made.
    public var trajectories: String?
    /// Folder with hidden states of the trajectories, as vLLM's connector for `extract_hidden_states` writes them: then
    /// the model's final norm and output matrix make the cache, and no forward pass is made.
    public var hiddenStates: String?
    /// How many problems of `task.train`, from the first on; null takes all.
    public var problems: Int?
    /// Completions that are sampled a problem.
    public var samples = 8
    /// Distinct correct completions that are kept a problem, at most.
    public var keep = 4
    /// Whether failed completions are stored too, with `"correct": false`; they never enter the cache.
    public var keepRejected = false
    /// Whether every completion is kept as it was drawn, right or wrong, equal ones as often as they came, each with
    /// its reward, 1 or 0: what the reward objective learns from. Nothing else looks at those of reward 0.
    public var keepAll = false
    /// Folder of trained heads that choose temperature and top-p, and what their P̂ means; null samples with the knobs
    /// below.
    public var heads: String?
    public var filter = NucleusFilter.hard
    /// Static decoding: temperature (0 is greedy), and at most one of top-p (1 keeps all), top-k and min-p.
    public var temperature = 1.0
    public var topP = 1.0
    public var topK: Int?
    public var minP: Double?
    /// Longest completion, its end token included; longer ones are cut off, which makes them failed.
    public var maxTokens = 16_384
    /// Of the random numbers.
    public var seed = 0
    /// Completions that are decoded together.
    public var batch = 64
    /// Problems a block. A block is the unit of work: an interrupted one is repeated whole.
    public var block = 64

    public init() {}

    package static let name = "collect"
    package static let keys: [Key<Self>] = [
        Key("folder", \.folder, .path),
        Key("trajectories", \.trajectories, .path),
        Key("hiddenStates", \.hiddenStates, .path),
        Key("problems", \.problems, .within(1...1_000_000_000)),
        Key("samples", \.samples, .within(1...1_000_000)),
        Key("keep", \.keep, .within(1...1_000_000_000)),
        Key("keepRejected", \.keepRejected),
        Key("keepAll", \.keepAll),
        Key("heads", \.heads, .path),
        Key("filter", \.filter),
        Key("temperature", \.temperature, .within(0...1e20)),
        Key("topP", \.topP, .within(0...1)),
        Key("topK", \.topK, .within(1...1_000_000_000)),
        Key("minP", \.minP, .within(0...1)),
        Key("maxTokens", \.maxTokens, .within(1...1_000_000_000)),
        Key("seed", \.seed, .within(0...largestSeed)),
        Key("batch", \.batch, .within(1...65_536)),
        Key("block", \.block, .within(1...1_000_000)),
    ]

    package var contradiction: (key: String, sentence: String)? {
        if heads != nil, let knob = givenKnob {
            return (
                knob,
                "and collect.heads exclude each other, expected one of them: heads choose temperature and top-p for "
                    + "each token (leave temperature and topP at 1, topK and minP at null)"
            )
        }
        if heads != nil, trajectories != nil {
            return (
                "heads",
                "and collect.trajectories exclude each other, expected one of them: heads sample, and "
                    + "trajectories are there already"
            )
        }
        if hiddenStates != nil, trajectories == nil {
            return ("hiddenStates", "needs collect.trajectories, expected the file whose hidden states they are")
        }
        if heads == nil, filter != .hard {
            return ("filter", "says what the top-p of heads means, expected \"hard\" or a folder in collect.heads")
        }
        if topK != nil, minP != nil { return ("minP", "and collect.topK exclude each other, expected one of them") }
        if topP < 1, let other = topK != nil ? "topK" : minP != nil ? "minP" : nil {
            return ("topP", "and collect.\(other) exclude each other, expected topP of 1 or no \(other)")
        }
        if temperature == 0, samples > 1 {
            return ("samples", "is \(samples), expected 1: at temperature 0 all completions are the same")
        }
        return nil
    }

    /// The first knob of static decoding that is set.
    private var givenKnob: String? {
        temperature != 1 ? "temperature" : topP != 1 ? "topP" : topK != nil ? "topK" : minP != nil ? "minP" : nil
    }
}
