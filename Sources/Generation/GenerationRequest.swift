import Decoding

/// A prompt, and how many completions of it are wanted.
public struct GenerationRequest: Sendable, Equatable {
    /// Everything that the model reads before the first new token, BOS included.
    public var promptIDs: [Int]
    /// How many completions: all start from one reading of the prompt.
    public var samples: Int
    /// The most tokens of one completion, the end token included.
    public var maxTokens: Int
    /// Names the request's random streams; nil takes its place among the requests of the call. Whoever generates in
    /// several calls numbers the prompts, so that a prompt's completions are the same in whichever call they come.
    public var number: Int?
    /// Of the request's random streams; nil takes the engine's.
    public var seed: UInt64?

    public init(promptIDs: [Int], samples: Int = 1, maxTokens: Int, number: Int? = nil, seed: UInt64? = nil) {
        (self.promptIDs, self.samples, self.maxTokens, self.number, self.seed) = (
            promptIDs, samples, maxTokens, number, seed
        )
    }
}

/// One completion: which request of the call, and which of its samples, both from 0.
public struct SampleIndex: Sendable, Hashable {
    public let request: Int
    public let sample: Int

    public init(request: Int, sample: Int) { (self.request, self.sample) = (request, sample) }
}

/// Why a completion ended.
public enum FinishReason: String, Sendable, Codable {
    /// The model said so: the last token is an end token.
    case endOfSequence = "end_of_sequence"
    /// At `maxTokens`, or where the model's context is full.
    case length
    /// The caller asked for no more, for instance at a stop text.
    case stopped
    /// No token can be drawn from the model's logits: one is NaN or +∞, or none is possible.
    case failed
    /// The whole generation was cancelled.
    case interrupted
}

/// A completion and how it came about.
public struct GeneratedSample: Sendable, Equatable {
    public let index: SampleIndex
    /// What was decided for each token; the end token is among them.
    public internal(set) var decisions: [Decision] = []
    public internal(set) var finish: FinishReason
    /// Why it failed, in a sentence; nil where it did not.
    public internal(set) var failure: String?

    public var tokens: [Int] { decisions.map(\.token) }
    /// Whether the completion was cut off before it was done.
    public var isTruncated: Bool { finish == .length || finish == .interrupted }
}
