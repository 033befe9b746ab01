import AutoDecoHeads
import Foundation
import HiddenStateCache
import Safetensors
import Tensor
import Testing

/// Batches whose hidden states stay the cache's BF16 numbers, in its files.
@Suite struct StoredBatchTests {
    private static let corpus = Corpus(lengths: (0..<30).map { 1 + 37 * $0 % 53 })

    private func cache() throws -> TemporaryFolder {
        try Self.corpus.cache(Self.corpus.description(8, 8, .bf16))
    }

    @Test func storedRowsAreTheNumbersThatWideningGives() throws {
        let folder = try cache(), cache = try HiddenStateCache(folder: folder.url)
        var stored = cache.emptyBatch(as: Float.self, leavesStored: true)
        for group in cache.trajectories.shuffled(epoch: 0, seed: 2).batches(of: 7) {
            try cache.load(group, maxTokens: 40, into: &stored)
            let widened = try cache.batch(of: group, maxTokens: 40)
            #expect(stored.stored?.widened == widened.hidden)
            #expect(stored.hidden.count == 0 && widened.stored == nil)
            #expect(stored.labels == widened.labels && stored.positions == widened.positions)
            #expect(stored.sketches.baseProbabilities == widened.sketches.baseProbabilities)
        }
    }

    /// Rows that a heads' product reads, wherever they come from.
    @Test func headsPredictFromStoredRowsWhatTheyPredictFromWidenedOnes() throws {
        let folder = try cache(), cache = try HiddenStateCache(folder: folder.url)
        var stored = cache.emptyBatch(as: Float.self, leavesStored: true), random = RandomGenerator(seed: 1)
        var heads = AutoDecoHeads<Float>(configuration: HeadsConfiguration(hiddenSize: Corpus.D), random: &random)
        heads.parameters = heads.parameters.map { $0.shape.count == 2 ? BF16Matrix(rounding: $0).widened : $0 }
        try cache.load(cache.trajectories, into: &stored)
        let widened = try cache.batch(of: cache.trajectories), hidden = try #require(stored.stored)
        let a = heads.predict(hidden: hidden, logits: stored.sketches)
        let b = heads.predict(hidden: widened.hidden, logits: widened.sketches)
        for (x, y) in [(a.temperature, b.temperature), (a.topP, b.topP)] {
            #expect(zip(x.elements, y.elements).allSatisfy { abs($0 - $1) < 2e-6 })
        }
        #expect(Set(a.temperature.elements).count > 100)
    }

    @Test func aNumberThatIsNotFiniteIsRefusedWithShardAndRow() throws {
        let folder = try cache()
        let shard = try #require(try folder.files().keys.filter { $0.hasPrefix("shard-") }.sorted().first)
        // Row 5's third number; hidden states come last in a shard.
        let size = try SafetensorsFile(path: folder.path(shard)).tensor("hidden").bytes.count
        try folder.replace(shard) { data in
            let place = data.count - size + 2 * (5 * Corpus.D + 2)
            (data[place], data[place + 1]) = (0x80, 0xff)
        }
        let cache = try HiddenStateCache(folder: folder.url, verify: false)
        var stored = cache.emptyBatch(as: Float.self, leavesStored: true), sentence = ""
        do { try cache.load(cache.trajectories, into: &stored) } catch { sentence = "\(error)" }
        #expect(
            sentence.contains(shard) && sentence.contains("row 5: the hidden state holds a number that is not finite"))
        // Trajectories without that row are served.
        try cache.load(Array(cache.trajectories.suffix(3)), into: &stored)
        #expect(stored.count == cache.trajectories.suffix(3).reduce(0) { $0 + $1.count })
    }
}
