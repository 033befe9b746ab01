import AutoDecoHeads
import Foundation
import HiddenStateCache
import LogitSketches
import Scoring
import Tensor
import Testing

@Suite struct CachedLossTests {
    /// More tokens than one block of the stream holds.
    static let corpus = Corpus(lengths: (0..<90).map { 20 + 31 * $0 % 80 })

    /// The same heads and tokens, all at once from memory.
    private func atOnce<Element: Scalar>(
        _ heads: AutoDecoHeads<Element>, _ logits: some TokenLogits<Element>
    ) -> HeadsLosses<Element> {
        var losses = HeadsLosses(
            heads: heads, counts: TokenCounts(tokens: logits.count, kept: logits.count), gradients: true)
        losses.add(hidden: Self.corpus.allHidden.converted(), logits: logits)
        return losses
    }

    private func compare<Element: Scalar>(
        _ a: HeadsLosses<Element>, _ b: HeadsLosses<Element>, tolerance: Double
    ) throws {
        for (got, expected) in [(a.temperature, b.temperature), (a.topP, b.topP), (a.joint, b.joint)] {
            #expect(abs(got - expected) <= tolerance * (1 + abs(expected)), "\(got) and \(expected)")
        }
        let (x, y) = (try #require(a.gradients), try #require(b.gradients))
        for (got, expected) in [(x.temperature, y.temperature), (x.topP, y.topP), (x.joint, y.joint)] {
            for (one, other) in zip(got.named, expected.named) {
                #expect(
                    difference(one.value, other.value) <= tolerance,
                    "\(one.name) is off by \(difference(one.value, other.value))")
            }
        }
        #expect(y.joint.temperature.map { $0.firstWeight.elements.contains { $0 != 0 } } == true)
    }

    @Test func lossesOfASketchedCacheEqualThoseOfSketchedRows() throws {
        let corpus = Self.corpus, folder = try corpus.cache(corpus.description(8, 8), shardTokens: 1_000)
        let cache = try HiddenStateCache(folder: folder.url), heads = randomHeads(Corpus.D, as: Float.self)
        #expect(cache.tokens > HiddenStateCache.blockTokens)
        let streamed = try cache.losses(of: heads, over: cache.trajectories, gradients: true)
        let sketches = try LogitSketches(
            logits: corpus.logits(corpus.allHidden), labels: corpus.allLabels, shape: SketchShape(exact: 8, bins: 8))
        // In another order of summation: rounding of Float.
        try compare(streamed, atOnce(heads, sketches), tolerance: 2e-6)
    }

    @Test func lossesOfACacheOfAllLogitsEqualThoseOfFullRowsInDouble() throws {
        let corpus = Self.corpus, folder = try corpus.cache(corpus.description(), shardTokens: 1_000)
        let cache = try HiddenStateCache(folder: folder.url), heads = randomHeads(Corpus.D, as: Double.self)
        let streamed = try cache.losses(of: heads, over: cache.trajectories, gradients: true)
        let rows = try SortedRows(
            logits: corpus.logits(corpus.allHidden).converted(to: Double.self), labels: corpus.allLabels)
        try compare(streamed, atOnce(heads, rows), tolerance: 1e-11)
    }

    @Test func subsetsAddUpToTheWhole() throws {
        let corpus = Self.corpus, folder = try corpus.cache(corpus.description(8, 8))
        let cache = try HiddenStateCache(folder: folder.url), heads = randomHeads(Corpus.D, as: Double.self)
        let split = TrajectorySplit(validationFraction: 0.3, seed: 2)
        let parts = try TrajectorySubset.allCases.map {
            try cache.losses(of: heads, over: cache.trajectories($0, of: split))
        }
        let sums = parts.map { $0.joint * Double($0.counts.tokens) }
        #expect(parts.allSatisfy { $0.counts.tokens > 0 } && abs(sums[0] - sums[1] - sums[2]) < 1e-9 * abs(sums[0]))
        #expect(
            parts[0].total(.joint) == parts[0].joint
                && parts[0].total(.released) == parts[0].temperature + parts[0].topP)
    }

    @Test func headsOfAnotherSizeAreRefused() throws {
        let corpus = Corpus(lengths: [50]), plain = try corpus.cache(corpus.description())
        let axes = Tensor<Float>(
            shape: [3, Corpus.D], (0..<3).flatMap { row in (0..<Corpus.D).map { $0 == row ? 1 : 0 } })
        let projected = try corpus.cache(
            corpus.description(rank: 3), projection: Projection(mean: Tensor(shape: [Corpus.D]), components: axes))
        func refusal(_ folder: TemporaryFolder, _ size: Int) throws -> String {
            let cache = try HiddenStateCache(folder: folder.url)
            return message { _ = try cache.losses(of: randomHeads(size, as: Float.self), over: cache.trajectories) }
                ?? "nothing"
        }
        #expect(try refusal(plain, 12) == "nothing" && refusal(projected, 3) == "nothing")
        #expect(try refusal(plain, 13).contains("holds hidden states of 12 columns, but the heads read 13 columns"))
        #expect(
            try refusal(projected, 12).contains(
                "holds 3 principal components of 12 columns, but the heads read 12 columns; heads for the full hidden "
                    + "state need a cache without projection"
            ))
    }
}
