import Backbone
import Decoding
import Foundation
import Tasks
import Tokenizers

/// How completions are sampled and which are kept.
public struct SamplingSettings: Sendable, Equatable {
    /// Completions a problem.
    public var samples: Int
    /// Distinct correct completions that are kept a problem, at most.
    public var keep: Int
    /// Whether distinct failed completions are kept too, marked as such.
    public var keepsRejected: Bool
    /// Whether every completion is kept as it was drawn, right or wrong, equal ones as often as they came, each with
    /// its reward: what the reward objective learns from. ``keep`` and ``keepsRejected`` then say nothing.
    public var keepsAll: Bool
    /// Longest completion, its end token included.
    public var maxTokens: Int
    public var seed: UInt64
    /// Completions that are decoded together.
    public var width: Int

    public init(
        samples: Int, keep: Int, keepsRejected: Bool = false, keepsAll: Bool = false, maxTokens: Int, seed: UInt64,
        width: Int
    ) {
        (self.samples, self.keep, self.keepsRejected, self.keepsAll) = (samples, keep, keepsRejected, keepsAll)
        (self.maxTokens, self.seed, self.width) = (maxTokens, seed, width)
    }
}

/// Samples completions of problems, has them judged and keeps the correct ones.
///
/// A completion is accepted where it ended by itself and the verifier calls its text correct.
public struct RejectSampler: Sendable {
    public let settings: SamplingSettings
    private let sampler: ProblemSampler
    private let policy: any DecodingPolicy
    /// What lines call it.
    private let policyName: String?

    public var problems: [Problem] { sampler.problems }

    /// - Parameter policyName: what each line calls the policy; nil leaves it out.
    /// - Throws: ``SamplingError`` for a model that names no end token; `ModelError` for the first problem whose prompt
    ///   does not fit the model, and never later.
    public init(
        model: Transformer, tokenizer: Tokenizer, policy: any DecodingPolicy, policyName: String? = nil,
        verifier: any Verifier, rendering: PromptRendering, stops: [String] = [], problems: [Problem],
        settings: SamplingSettings
    ) throws {
        self.init(
            try ProblemSampler(
                model: model, tokenizer: tokenizer, verifier: verifier, rendering: rendering, stops: stops,
                problems: problems),
            policy: policy, policyName: policyName, settings: settings)
    }

    /// Keeps what a sampler of problems draws with a policy.
    ///
    /// - Parameter policyName: what each line calls the policy; nil leaves it out.
    public init(
        _ sampler: ProblemSampler, policy: any DecodingPolicy, policyName: String? = nil, settings: SamplingSettings
    ) {
        (self.sampler, self.policy, self.policyName, self.settings) = (sampler, policy, policyName, settings)
    }

    /// Samples a run of problems, starting from an empty batch.
    ///
    /// - Parameter onSample: gets each completion as it is judged, and its text; what it throws ends the sampling.
    /// - Returns: what is kept, by problem and sample.
    /// - Throws: `CancellationError` where it was cancelled; nothing is kept of the run then.
    public func sample(
        _ range: Range<Int>,
        onSample: (ProblemSampler.Completion, _ text: () -> String?) throws -> Void = { _, _ in },
        isCancelled: () -> Bool = { false }
    ) throws -> SampledBlock {
        let completions = try sampler.sample(
            range, with: policy, samples: settings.samples, maxTokens: settings.maxTokens, seed: settings.seed,
            width: settings.width,
            onCompletion: { completion in try onSample(completion) { sampler.text(of: completion.sample.tokens) } },
            isCancelled: isCancelled)

        var block = SampledBlock()
        for (number, ofProblem) in zip(range, completions) {
            let prompt = sampler.prompts[number]
            block.counts.problems += 1
            var seen: Set<[Int]> = [], kept = 0
            for completion in ofProblem {
                let isCorrect = completion.isCorrect, tokens = completion.sample.tokens
                block.counts.sampled += 1
                block.counts.sampledTokens += tokens.count
                block.counts.truncated += completion.sample.isTruncated ? 1 : 0
                block.counts.accepted += isCorrect ? 1 : 0
                var isJudged = true
                if case .wrong(let fault) = completion.verdict, fault.isUnjudged {
                    isJudged = false
                    block.counts.faults += 1
                    block.counts.firstFault = Fault.first(block.counts.firstFault, fault)
                }
                // What broke down is no trajectory that anybody could learn from.
                if completion.sample.finish == .failed { continue }
                let isWanted = isCorrect ? kept < settings.keep : settings.keepsRejected
                guard settings.keepsAll ? isJudged : isWanted && seen.insert(tokens).inserted else { continue }
                kept += isCorrect ? 1 : 0
                block.counts.kept += isCorrect ? 1 : 0
                let trajectory = Trajectory(
                    promptIDs: prompt.ids, completionIDs: tokens, problemID: problems[number].id, isCorrect: isCorrect,
                    isTruncated: completion.sample.isTruncated,
                    behaviourLogProbs: completion.sample.decisions.map { Float(log($0.drawProbability)) },
                    policy: policyName, reward: settings.keepsAll ? (isCorrect ? 1 : 0) : nil)
                let line = TrajectoryLine(trajectory, prompt: prompt.text, completion: sampler.text(of: completion))
                block.lines += try line.json()
            }
            block.counts.solved += kept > 0 ? 1 : 0
        }
        return block
    }
}

/// What a run of problems came to: lines for a trajectory file, and counts.
public struct SampledBlock: Sendable, Equatable {
    public var counts = SamplingCounts()
    /// Whole lines of JSON.
    public var lines = Data()

    package init() {}
}

/// How much was sampled, and how much of it is kept.
public struct SamplingCounts: Sendable, Equatable, Codable {
    public var problems = 0
    /// Problems with at least one accepted completion.
    public var solved = 0
    /// Completions, and those that the verifier accepts.
    public var sampled = 0
    public var accepted = 0
    /// Accepted completions that are in the file: distinct ones, at most so many a problem, unless all are kept.
    public var kept = 0
    /// Completions that were cut off at the longest length.
    public var truncated = 0
    /// Completions that were not judged, because the verifier or the model failed; they count as wrong.
    public var faults = 0
    /// The first of these failures, one of the verifier before one of the model.
    public var firstFault: Fault?

    /// Tokens of all completions, end tokens included.
    public var sampledTokens = 0

    enum CodingKeys: String, CodingKey {
        case problems, solved, sampled, accepted, kept, truncated, faults
        case firstFault = "first_fault"
        case sampledTokens = "sampled_tokens"
    }

    /// Nothing sampled yet.
    public init() {}

    /// Reads counts; those of older collections know no faults.
    public init(from decoder: any Decoder) throws {
        let counts = try decoder.container(keyedBy: CodingKeys.self)
        problems = try counts.decode(Int.self, forKey: .problems)
        solved = try counts.decode(Int.self, forKey: .solved)
        sampled = try counts.decode(Int.self, forKey: .sampled)
        accepted = try counts.decode(Int.self, forKey: .accepted)
        kept = try counts.decode(Int.self, forKey: .kept)
        truncated = try counts.decode(Int.self, forKey: .truncated)
        sampledTokens = try counts.decode(Int.self, forKey: .sampledTokens)
        faults = try counts.decodeIfPresent(Int.self, forKey: .faults) ?? 0
        firstFault = try counts.decodeIfPresent(Fault.self, forKey: .firstFault)
        guard isSound else { throw SamplingError("the counts of a collection contradict each other") }
    }

    /// More of anything than this is no count: sums of many stay exact.
    private static let largest = 1 << 50

    /// Whether some completions can have these counts.
    var isSound: Bool {
        let all = [problems, solved, sampled, accepted, kept, truncated, faults, sampledTokens]
        return all.allSatisfy { (0...Self.largest).contains($0) } && solved <= problems && kept <= accepted
            && accepted + truncated + faults <= sampled && (faults > 0) == (firstFault != nil)
    }

    public static func += (a: inout SamplingCounts, b: SamplingCounts) {
        a.problems += b.problems
        a.solved += b.solved
        a.sampled += b.sampled
        a.accepted += b.accepted
        a.kept += b.kept
        a.truncated += b.truncated
        a.faults += b.faults
        a.firstFault = Fault.first(a.firstFault, b.firstFault)
        a.sampledTokens += b.sampledTokens
    }

    /// Accepted among sampled; 0 before the first.
    public var acceptanceRate: Double { sampled > 0 ? Double(accepted) / Double(sampled) : 0 }
    public var truncatedShare: Double { sampled > 0 ? Double(truncated) / Double(sampled) : 0 }
}
