import Files
import Foundation
import HiddenStateCache
import Safetensors
import Terminal
import Trajectories

/// What a collection came to: `summary.json`, and with the run's speed what `--json` prints.
struct Summary: Encodable {
    /// Absent where the trajectories were there already.
    var sampling: Sampling?
    var cache: CacheSummary
    /// Share of the cache's trajectories that are cut off.
    var truncatedTrajectoryShare: Double
    /// Of this run; never in the file, which is the same whenever it is written.
    var run: Speed?

    struct Sampling: Encodable {
        var counts: SamplingCounts

        func encode(to encoder: any Encoder) throws {
            try counts.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(counts.acceptanceRate, forKey: .acceptanceRate)
            try container.encode(counts.truncatedShare, forKey: .truncatedShare)
        }

        enum CodingKeys: String, CodingKey {
            case acceptanceRate = "acceptance_rate"
            case truncatedShare = "truncated_share"
        }
    }

    struct Speed: Encodable {
        var seconds: Double
        /// Sampled tokens, counted up to each end token; 0 where nothing was sampled in this run.
        var sampledTokensPerSecond: Double

        enum CodingKeys: String, CodingKey {
            case seconds
            case sampledTokensPerSecond = "sampled_tokens_per_s"
        }
    }

    enum CodingKeys: String, CodingKey {
        case sampling, cache, run
        case truncatedTrajectoryShare = "truncated_trajectory_share"
    }

    func write(to folder: URL) throws {
        var lasting = self
        lasting.run = nil
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw InputError("\(folder.path): cannot be made: \(error.localizedDescription)")
        }
        try AtomicFile.write(
            Data((jsonText(lasting) + "\n").utf8), to: folder.appendingPathComponent("summary.json").path)
    }

    /// A few lines for people.
    var text: String {
        var lines: [String] = []
        if let counts = sampling?.counts {
            lines.append(
                "problems      \(Readable.count(counts.problems)), \(percent(counts.solved, of: counts.problems)) of "
                    + "them solved at least once"
            )
            lines.append(
                "completions   \(Readable.count(counts.sampled)) sampled, "
                    + "\(percent(counts.accepted, of: counts.sampled)) accepted, "
                    + "\(percent(counts.truncated, of: counts.sampled)) cut off, \(Readable.count(counts.kept)) kept")
        }
        if let counts = sampling?.counts, counts.faults > 0 {
            let first = counts.firstFault.map { ", the first because \($0)" } ?? ""
            lines.append("not judged    \(Readable.count(counts.faults)) completions, which count as wrong\(first)")
        }
        lines.append(
            "cache         \(Readable.count(cache.trajectories)) trajectories, \(Readable.count(cache.tokens)) tokens "
                + "(\(cache.tokensPerTrajectory.smallest) to \(cache.tokensPerTrajectory.largest) each, median "
                + "\(cache.tokensPerTrajectory.median))"
        )
        lines.append(String(format: "easy tokens   %.1f %%", 100 * cache.easyTokenShare))
        lines.append(String(format: "mean entropy  %.4f nats", cache.meanEntropy))
        if let run {
            let speed =
                run.sampledTokensPerSecond > 0
                ? ", sampling \(Readable.count(Int(run.sampledTokensPerSecond))) tokens/s" : ""
            lines.append("time          \(Readable.duration(run.seconds))\(speed)")
        }
        return lines.joined(separator: "\n")
    }
}
