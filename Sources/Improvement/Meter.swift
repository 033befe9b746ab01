import Evaluation
import Files
import Foundation
import Scoring
import Trajectories

/// Measures methods on one list of problems; each method and seed is a file, so that nothing is sampled twice.
struct Meter {
    private let store: RunStore
    private let sampler: MethodSampler
    private let base: Fingerprint
    private let name: String

    /// - Parameters:
    ///   - folder: of the files.
    ///   - name: of the problems, for file names.
    ///   - base: what decides over outcomes beside the method.
    init(
        _ folder: URL, name: String, _ sampler: ProblemSampler, _ settings: EvaluationSettings, base: Fingerprint
    ) throws {
        store = try RunStore(folder)
        self.sampler = MethodSampler(sampler, maxTokens: settings.maxTokens, width: settings.batch)
        (self.base, self.name) = (base, name)
    }

    var problemCount: Int { sampler.problems.count }

    /// What a method reaches, read or sampled.
    ///
    /// - Parameters:
    ///   - samples: completions a problem and seed.
    ///   - onCompletion: hears of each completion that is sampled or read.
    /// - Throws: `CancellationError` where it was cancelled; finished seeds stay. `EvaluationError` for a damaged file,
    ///   and where the verifier failed.
    func outcomes(
        _ method: Method, samples: Int, seeds: [Int], onCompletion: (Int) -> Void, isCancelled: () -> Bool
    ) throws -> Outcomes {
        let samples = method.isDeterministic ? 1 : samples,
            seeds = method.isDeterministic ? Array(seeds.prefix(1)) : seeds
        let expected = Expected(
            problems: sampler.problems.map(\.id), samples: samples, maxTokens: sampler.maxTokens)
        var found: [Outcomes] = []
        for seed in seeds {
            var fingerprint = base
            fingerprint.add("method", method.setting)
            fingerprint.add("samples", samples)
            fingerprint.add("seed", seed)
            let file = "\(name)-\(method.name)-\(seed)"
            if let known: Outcomes = try store.load(file, fingerprint, flaw: expected.flaw) {
                found.append(known)
                onCompletion(known.samples)
                continue
            }
            let run = try sampler.run(
                method, samples: samples, seed: UInt64(bitPattern: Int64(seed)), onCompletion: { onCompletion(1) },
                isCancelled: isCancelled)
            if run.outcomes.hasFaultOfVerifier, let fault = run.outcomes.firstFault {
                throw EvaluationError(
                    "the verifier failed on \(counted(run.outcomes.faults, "completion")) of \(method.name), the first "
                        + "because \(fault); mend the grader and run the same command again")
            }
            try store.save(run.outcomes, file, fingerprint)
            found.append(run.outcomes)
        }
        return Outcomes(joining: found)
    }
}
