import Dispatch

/// Times several jobs against each other: in turns, so that what else the machine does falls on all alike, and each by
/// its fastest turn, which is the one least disturbed.
struct Stopwatch {
    /// Seconds of one call of each job.
    static func fastest(rounds: Int, jobs: [() -> Void]) -> [Double] {
        var best = Array(repeating: Double.infinity, count: jobs.count)
        for _ in 0..<rounds {
            for (i, job) in jobs.enumerated() {
                let start = DispatchTime.now().uptimeNanoseconds
                job()
                best[i] = min(best[i], Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9)
            }
        }
        return best
    }
}
