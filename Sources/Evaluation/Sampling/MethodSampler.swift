import Dispatch
import Tasks
import Trajectories

/// Draws completions of a task's problems with any method, and counts what the verifier says about them.
///
/// A completion's random stream is named by its seed, its problem's place in the list and its own number, so that a
/// figure depends on the seed alone, not on how many completions are decoded together.
public struct MethodSampler: Sendable {
    public let sampler: ProblemSampler
    /// Longest completion, its end token included.
    public let maxTokens: Int
    /// Completions that are decoded together.
    public let width: Int

    /// Completions that are kept in memory, about: problems are sampled in blocks of so many.
    private static let blockSamples = 8_192

    public init(_ sampler: ProblemSampler, maxTokens: Int, width: Int) {
        (self.sampler, self.maxTokens, self.width) = (sampler, maxTokens, width)
    }

    public var problems: [Problem] { sampler.problems }

    /// Samples every problem under one seed.
    ///
    /// - Parameters:
    ///   - samples: completions a problem; a deterministic method draws one.
    ///   - onCompletion: hears that one more is done.
    /// - Throws: `CancellationError` where it was cancelled; what the policy throws.
    public func run(
        _ method: Method, samples: Int, seed: UInt64, onCompletion: () -> Void = {}, isCancelled: () -> Bool = { false }
    ) throws -> MethodRun {
        let start = DispatchTime.now()
        let samples = method.isDeterministic ? 1 : samples
        let block = max(1, Self.blockSamples / samples)
        var outcomes = Outcomes(problems: [])
        for first in stride(from: 0, to: problems.count, by: block) {
            let places = first..<min(first + block, problems.count)
            let completions = try sampler.sample(
                places, with: method.policy, samples: samples, maxTokens: maxTokens, seed: seed, width: width,
                onCompletion: { _ in onCompletion() }, isCancelled: isCancelled)
            outcomes.problems += zip(places, completions).map { ProblemOutcome(problems[$0], $1) }
        }
        return MethodRun(outcomes: outcomes, seconds: start.secondsSince)
    }

    /// Samples every problem under several seeds: the same completions as one by one, and fuller batches, because the
    /// next seed's completions begin where the last ones of a seed are still under way.
    ///
    /// - Parameter onRun: hears of each seed's run, by its place in `seeds`, as soon as it is done.
    /// - Throws: `CancellationError` where it was cancelled; runs that are done have been told of. What the policy and
    ///   `onRun` throw.
    public func runs(
        _ method: Method, samples: Int, seeds: [UInt64], onCompletion: () -> Void = {},
        onRun: (Int, MethodRun) throws -> Void,
        isCancelled: () -> Bool = { false }
    ) throws {
        let perSeed = problems.count * (method.isDeterministic ? 1 : samples)
        let together = max(1, Self.blockSamples / max(1, perSeed))
        for first in stride(from: 0, to: seeds.count, by: together) {
            let group = first..<min(first + together, seeds.count)
            guard group.count > 1 else {
                try onRun(
                    first,
                    run(
                        method, samples: samples, seed: seeds[first], onCompletion: onCompletion,
                        isCancelled: isCancelled))
                continue
            }
            var start = DispatchTime.now()
            try sampler.sample(
                problems.indices, with: method.policy, samples: method.isDeterministic ? 1 : samples,
                maxTokens: maxTokens,
                seeds: Array(seeds[group]), width: width, onCompletion: { _ in onCompletion() },
                onSeed: { place, completions in
                    let outcomes = Outcomes(problems: zip(problems, completions).map { ProblemOutcome($0, $1) })
                    try onRun(first + place, MethodRun(outcomes: outcomes, seconds: start.secondsSince))
                    start = DispatchTime.now()
                }, isCancelled: isCancelled)
        }
    }
}

extension DispatchTime {
    fileprivate var secondsSince: Double { Double(DispatchTime.now().uptimeNanoseconds - uptimeNanoseconds) / 1e9 }
}

extension ProblemOutcome {
    fileprivate init(_ problem: Problem, _ completions: [ProblemSampler.Completion]) {
        let decisions = completions.lazy.flatMap(\.sample.decisions)
        let faults = completions.compactMap {
            if case .wrong(let fault) = $0.verdict, fault.isUnjudged { fault } else { nil }
        }
        self.init(
            problem: problem.id, samples: completions.count, correct: completions.count(where: \.isCorrect),
            truncated: completions.count(where: \.sample.isTruncated),
            tokens: completions.reduce(0) { $0 + $1.sample.decisions.count },
            faults: faults.count, firstFault: faults.reduce(nil) { Fault.first($0, $1) },
            freeTokens: decisions.count { $0.nucleusSize > 1 },
            temperatureSum: decisions.reduce(0) { $0 + $1.temperature },
            topPSum: decisions.reduce(0) { $0 + $1.topP })
    }
}
