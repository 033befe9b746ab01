import AutoDecoHeads
import HiddenStateCache
import LogitSketches
import Tensor

extension TokenDiagnosis {
    /// Diagnoses heads on a cache, without sampling, in two passes over blocks of tokens: the first over the training
    /// half, for β̄ and the quartiles; the second over the other half.
    ///
    /// The halves are cut by trajectory, in a stream of random numbers that no split of training uses: trajectories
    /// that training held out fall into both.
    ///
    /// - Parameters:
    ///   - trajectories: those to use; all where nil. Heads are judged fairly on those they were not trained on.
    ///   - seed: of the split into halves.
    ///   - progress: called with the number of tokens of each block; what it throws ends the reading.
    /// - Throws: `CacheError` where heads do not fit or a token is unsound; ``ScoringError`` where there are too few
    ///   trajectories.
    public init(
        of heads: AutoDecoHeads<Float>, on cache: HiddenStateCache, over trajectories: [TrajectoryIndex]? = nil,
        seed: UInt64 = 0,
        bootstrap: Bootstrap = Bootstrap(resamples: 2000), progress: (Int) throws -> Void = { _ in }
    ) throws {
        let all = trajectories ?? cache.trajectories
        let held = cache.heldOut(all, by: TrajectorySplit(validationFraction: 0.5, seed: seed ^ Self.seedOfHalves))
        let training = all.filter { !held.contains($0.number) }, measured = all.filter { held.contains($0.number) }
        guard training.count >= 1, measured.count >= Bootstrap.fewest else {
            throw ScoringError(
                "\(cache.folder.path): \(all.count) trajectories leave \(measured.count) in the measured half, "
                    + "expected at least \(Bootstrap.fewest) and one in the other")
        }

        var sum = 0.0, count = 0, entropies = EntropySample()
        try CachedTokens(cache, training).forEachPrediction(of: heads) { batch, T, _ in
            let rows = batch.sketches.eachRow { row, _ in row.response(at: 1).entropy }
            for entropy in rows { entropies.add(entropy) }
            for t in T.elements { sum += TokenObservation.inverseTemperature(of: Double(t)) }
            count += batch.count
            try progress(batch.count)
        }
        let mean = sum / Double(count)

        var sums = DiagnosisAccumulator(mean: mean, quartiles: entropies.quartiles)
        try CachedTokens(cache, measured).forEachPrediction(of: heads) { batch, T, P in
            let lines = batch.trajectories
            let tokens = batch.sketches.eachRow { row, token in
                TokenObservation(
                    row, trajectory: lines[token], temperature: Double(T[token]), topP: Double(P[token]), mean: mean)
            }
            for token in tokens { sums.add(token) }
            try progress(batch.count)
        }
        try self.init(sums, bootstrap)
    }

    /// Makes a seed another one: a split with the seed of training would put all that it held out into one half.
    private static let seedOfHalves: UInt64 = 0x6861_6C76_6573_0000
}

extension LogitSketches {
    /// `body` of each token's row, in parallel over blocks of tokens.
    func eachRow<Result: Sendable>(_ body: @Sendable (SketchRow, Int) -> Result) -> [Result] {
        [Result](unsafeUninitializedCapacity: count) { buffer, initialized in
            // Each block writes the places of its own tokens.
            nonisolated(unsafe) let results = buffer.baseAddress
            Parallel.forEachBlock(of: count, blockSize: 64) { block in
                guard let results else { return }
                var row = SketchRow()
                for token in block {
                    read(token, into: &row)
                    (results + token).initialize(to: body(row, token))
                }
            }
            initialized = count
        }
    }
}
