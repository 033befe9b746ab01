import AutoDecoHeads
import Foundation
import HiddenStateCache
import LogitSketches
import Tensor
import Testing

@Suite struct ServingTests {
    static let corpus = Corpus(lengths: (0..<60).map { 1 + 37 * $0 % 53 })

    private func opened(problems: [Int32]? = nil, _ body: (HiddenStateCache) throws -> Void) throws {
        let folder = try Self.corpus.cache(Self.corpus.description(8, 8), problems: problems)
        try body(HiddenStateCache(folder: folder.url))
    }

    @Test func anEpochsOrderIsASeededPermutation() throws {
        try opened { cache in
            func order(_ epoch: Int, _ seed: UInt64) -> [Int] {
                cache.trajectories.shuffled(epoch: epoch, seed: seed).map(\.number)
            }
            #expect(order(0, 1) == order(0, 1))
            #expect(order(0, 1) != order(1, 1) && order(0, 1) != order(0, 2))
            #expect(order(3, 1).sorted() == Array(0..<60) && order(3, 1) != Array(0..<60))
        }
    }

    @Test func theSplitIsAFunctionOfSeedFractionAndProblems() throws {
        let split = TrajectorySplit(validationFraction: 0.2, seed: 7)
        // The rule is a contract: these numbers must not change.
        #expect(split.heldOut(of: 0..<40).sorted() == [8, 11, 17, 22, 28, 32, 34, 35])
        try opened { cache in
            let validation = cache.trajectories(.validation, of: split)
            let training = cache.trajectories(.training, of: split)
            #expect(validation.count == 12)
            #expect((validation + training).map(\.number).sorted() == Array(0..<60))
            #expect(cache.trajectories(.all, of: split) == cache.trajectories)
        }
        let many = 0..<20_000, larger = TrajectorySplit(validationFraction: 0.3, seed: 7)
        #expect(split.heldOut(of: many).count == 4000)
        #expect(split.heldOut(of: many).isSubset(of: larger.heldOut(of: many)))
        #expect(TrajectorySplit(validationFraction: 0.2, seed: 8).heldOut(of: many) != split.heldOut(of: many))
        #expect(TrajectorySplit(validationFraction: 0, seed: 7).heldOut(of: many).isEmpty)
        #expect(TrajectorySplit(validationFraction: 1, seed: 7).heldOut(of: many) == Set(many))
    }

    @Test(arguments: [(14, 0.2, 3), (2, 0.05, 1), (1, 0.2, 0), (3, 0.99, 2), (100, 0.05, 5)])
    func soLargeAShareOfProblemsIsHeldOutHoweverFewThereAre(count: Int, fraction: Double, expected: Int) {
        for seed in 0..<20 {
            let split = TrajectorySplit(validationFraction: fraction, seed: UInt64(seed))
            #expect(split.heldOut(of: 0..<count).count == expected)
        }
    }

    @Test func completionsOfOneProblemStayOnOneSide() throws {
        let problems = (0..<60).map { Int32($0 == 0 ? -1 : $0 % 9) }
        try opened(problems: problems) { cache in
            for seed in 0..<10 {
                let split = TrajectorySplit(validationFraction: 0.3, seed: UInt64(seed))
                let held = Set(cache.trajectories(.validation, of: split).map { problems[$0.number] })
                let trained = Set(cache.trajectories(.training, of: split).map { problems[$0.number] })
                #expect(held.isDisjoint(with: trained) && held.count == 3)
            }
        }
    }

    @Test func aBatchHoldsItsTrajectoriesInTheirOrder() throws {
        try opened { cache in
            let corpus = Self.corpus, order = cache.trajectories.shuffled(epoch: 0, seed: 3)
            for batch in order.batches(of: 7) {
                let tokens = try cache.batch(of: batch, maxTokens: 20)
                let lines = batch.map(\.number), kept = lines.map { min(20, corpus.lengths[$0]) }
                #expect(tokens.labels == zip(lines, kept).flatMap { corpus.labels[$0].prefix($1) })
                #expect(tokens.trajectories == zip(lines, kept).flatMap { Array(repeating: $0, count: $1) })
                #expect(
                    tokens.hidden.elements
                        == zip(lines, kept).flatMap { corpus.hidden[$0].elements.prefix($1 * Corpus.D) })
                #expect(
                    tokens.positions
                        == zip(lines, kept).flatMap { line, n in (0..<n).map { corpus.firstPositions[line] + $0 } })
            }
            #expect(order.batches(of: 7).flatMap { $0 } == order)
        }
    }

    @Test func aRefilledBatchEqualsANewOneInTheSameMemory() throws {
        try opened { cache in
            var batch = cache.emptyBatch(as: Float.self)
            let order = cache.trajectories.shuffled(epoch: 0, seed: 3)
            // The largest first: no later one needs more.
            let groups = order.batches(of: 9).sorted { $0.tokens > $1.tokens }
            func address() -> Int { batch.hidden.withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) } }
            try cache.load(groups[0], into: &batch)
            let first = address()
            for group in groups {
                try cache.load(group, into: &batch)
                let fresh = try cache.batch(of: group)
                #expect(
                    batch.hidden == fresh.hidden && batch.labels == fresh.labels && batch.labelRanks == fresh.labelRanks
                )
                #expect(batch.sketches.baseProbabilities == fresh.sketches.baseProbabilities)
                let T = Tensor<Float>(shape: [batch.count, 1], repeating: 0.8),
                    P = Tensor<Float>(shape: [batch.count, 1], repeating: 0.7)
                let constants = LossConstants()
                #expect(
                    batch.sketches.losses(temperature: T, topP: P, constants: constants).joint
                        == fresh.sketches.losses(temperature: T, topP: P, constants: constants).joint)
                #expect(address() == first)
            }
            let kept = batch.hidden
            let before = kept.elements
            try cache.load(groups[0], into: &batch)
            #expect(kept.elements == before && address() != first, "a tensor that somebody keeps is left alone")
        }
    }

    @Test func blocksCutLongTrajectoriesAndLoseNothing() throws {
        try opened { cache in
            let blocks = cache.trajectories.blocks(tokens: 16)
            #expect(
                blocks.dropLast().allSatisfy { $0.tokens == 16 } && blocks.map(\.tokens).reduce(0, +) == cache.tokens)
            var labels: [Int] = [], positions: [Int] = []
            for block in blocks {
                let batch = try cache.batch(of: block)
                labels += batch.labels
                positions += batch.positions
            }
            let whole = try cache.batch(of: cache.trajectories)
            #expect(labels == whole.labels && positions == whole.positions)
        }
    }

    @Test func aSummaryCountsAndAverages() throws {
        try opened { cache in
            let corpus = Self.corpus, summary = try CacheSummary(cache), lengths = corpus.lengths.sorted()
            #expect(summary.trajectories == 60 && summary.tokens == lengths.reduce(0, +))
            let spread = summary.tokensPerTrajectory
            #expect(spread.smallest == 1 && spread.median == lengths[29] && spread.largest == lengths[59])
            let logits = corpus.logits(corpus.allHidden).converted(to: Double.self),
                sorted = try SortedRows(logits: logits, labels: corpus.allLabels)
            let count = Double(sorted.count), ones = Tensor<Double>(shape: [sorted.count, 1], repeating: 1)
            #expect(summary.easyTokenShare == Double(sorted.labelRanks.count { $0 == 0 }) / count)
            #expect(summary.labelInTailShare == Double(sorted.labelRanks.count { $0 >= 8 }) / count)
            let features = sorted.features(temperature: ones),
                entropy = (0..<sorted.count).reduce(0.0) { $0 + features[$1, 1] } / count
            let logProbability = sorted.baseProbabilities.elements.reduce(0.0) { $0 + log($1) } / count
            // Eight bins for 32 logits: the sketch's own error.
            #expect(abs(summary.meanEntropy - entropy) < 2e-3, "\(summary.meanEntropy) and \(entropy)")
            #expect(
                abs(summary.meanLabelLogProbability - logProbability) < 2e-3,
                "\(summary.meanLabelLogProbability) and \(logProbability)")
        }
    }
}
