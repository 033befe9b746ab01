import Foundation
import Terminal
import Trajectories

extension Run {
    /// Samples what is not there yet.
    ///
    /// - Returns: the trajectory file's path, and what was sampled for it.
    /// - Throws: `Interrupted` after a signal; finished blocks stay.
    func sample(
        _ sampler: RejectSampler, _ clock: inout Clock, _ console: Console
    ) throws -> (trajectories: String, counts: SamplingCounts?) {
        let isSampled = FileManager.default.fileExists(atPath: CollectionFolder.trajectories(in: output).path)
        if !isSampled { try refuseCacheOfOthers() }
        var folder = try CollectionFolder(output, fingerprint: samplingFingerprint())
        if let counts = folder.counts {
            console.note(
                "\(folder.trajectories.path): sampled already, "
                    + Readable.count(counts.kept, "trajectory", "trajectories"))
            if counts.firstFault?.isOfVerifier == true {
                console.warning(
                    "\(folder.trajectories.path): the verifier failed on some of its completions, which are not kept; "
                        + "remove \(output.path) to sample and judge them again")
            }
            return (folder.trajectories.path, counts)
        }
        let total = sampler.problems.count
        var progress: ProgressLine?, sampled = 0, accepted = 0
        let counts = try interruptible {
            try sampler.fill(&folder, blockSize: configuration.collect.block) { event in
                switch event {
                case .began(let counts, let isJudgedAgain):
                    if isJudgedAgain { console.note("blocks that the verifier failed on are sampled and judged again") }
                    if counts.problems > 0 {
                        console.note(
                            "going on after \(Readable.count(counts.problems)) of \(Readable.count(total)) problems")
                    }
                    (sampled, accepted) = (counts.sampled, counts.accepted)
                    progress = console.progress(
                        "sample, completions", of: total * sampler.settings.samples, from: sampled)
                case .completed(let tokens, let isAccepted):
                    sampled += 1
                    accepted += isAccepted ? 1 : 0
                    clock.add(tokens: tokens)
                    progress?.update(to: sampled)
                    progress?.status(
                        "\(percent(accepted, of: sampled)) accepted, \(Readable.count(Int(clock.rate))) tokens/s")
                case .warning(let notice): console.warning(notice)
                }
            } isCancelled: {
                Interruption.isRequested
            }
        }
        progress?.finish()
        return (folder.trajectories.path, counts)
    }

    /// Before its trajectories are complete, no cache of this run can be there: better said now than after hours of
    /// sampling.
    private func refuseCacheOfOthers() throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: cacheFolder.path)) ?? []
        if names.contains(where: { $0 == "cache.json" || $0.hasPrefix("shard-") }) {
            throw InputError(
                "\(cacheFolder.path): holds the cache of another run; remove it or give another cache.folder")
        }
    }
}

/// Runs what throws `CancellationError` when it is cancelled, which only a signal does here.
func interruptible<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch is CancellationError { throw Interrupted() }
}

func percent(_ part: Int, of whole: Int) -> String {
    whole > 0 ? String(format: "%.1f %%", 100 * Double(part) / Double(whole)) : "– %"
}

/// Counts tokens and the time since the first.
struct Clock {
    private let start = DispatchTime.now().uptimeNanoseconds
    private(set) var tokens = 0

    mutating func add(tokens: Int) { self.tokens += tokens }

    var seconds: Double { Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9 }
    /// Tokens a second.
    var rate: Double { seconds > 0 ? Double(tokens) / seconds : 0 }
}
