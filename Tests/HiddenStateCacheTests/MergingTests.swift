import AutoDecoHeads
import Foundation
import HiddenStateCache
import Safetensors
import Testing

/// Parts that several processes have written are joined into what one would have written.
@Suite struct MergingTests {
    static let lengths = [60, 50, 0, 40, 90, 20, 30, 70, 10]
    static let corpus = Corpus(lengths: lengths)

    /// Every `world`-th line, from `rank` on.
    private func part(_ rank: Int, of world: Int, fingerprint: String = "corpus", K: Int = 8) throws -> TemporaryFolder
    {
        let corpus = Self.corpus.part { $0 % world == rank }
        let folder = TemporaryFolder(),
            writer = try corpus.writer(folder, corpus.description(K, 8, .bf16), fingerprint: fingerprint)
        try corpus.write(with: writer)
        return folder
    }

    // Folders are handed over whole: their files are gone as soon as nobody holds them.

    private func tokens(_ folder: TemporaryFolder) throws -> (trajectories: [Int], batch: CachedBatch<Float>) {
        let cache = try HiddenStateCache(folder: folder.url)
        var batch = cache.emptyBatch(as: Float.self)
        try cache.load(cache.trajectories, maxTokens: nil, into: &batch)
        return withExtendedLifetime(folder) { (cache.trajectories.map(\.number), batch) }
    }

    private func merging(_ parts: [TemporaryFolder], into folder: URL) -> String {
        withExtendedLifetime(parts) {
            message { try HiddenStateCache.merge(parts.map(\.url), into: folder) } ?? "nothing"
        }
    }

    @Test(arguments: [1, 2, 3]) func theMergedCacheHoldsWhatOneProcessWrites(world: Int) throws {
        // In any order.
        let parts = try (0..<world).reversed().map { try part($0, of: world) }, whole = try part(0, of: 1),
            merged = TemporaryFolder()
        var shards = 0
        try withExtendedLifetime(parts) {
            try HiddenStateCache.merge(parts.map(\.url), into: merged.url) { _ in shards += 1 }
        }
        let a = try tokens(merged), b = try tokens(whole)
        #expect(a.trajectories == b.trajectories && a.trajectories == [0, 1, 3, 4, 5, 6, 7, 8])
        #expect(a.batch.labels == b.batch.labels && a.batch.sketches.labelRanks == b.batch.sketches.labelRanks)
        #expect(a.batch.hidden.elements == b.batch.hidden.elements)
        #expect(a.batch.sketches.baseProbabilities.elements == b.batch.sketches.baseProbabilities.elements)
        #expect(try shards == HiddenStateCache(folder: merged.url, verify: false).shardCount)
        withExtendedLifetime(merged) {}
    }

    @Test func partsThatDoNotBelongTogetherAreRefused() throws {
        let first = try part(0, of: 2), merged = TemporaryFolder()
        #expect(
            merging([first, try part(1, of: 2, fingerprint: "other")], into: merged.url).contains(
                "has the fingerprint 'other', expected 'corpus'"))
        #expect(merging([first, try part(1, of: 2, K: 9)], into: merged.url).contains("has top_logits 9, expected 8"))
        #expect(merging([first, first], into: merged.url).contains("holds trajectory 0, which is in"))
        #expect(merging([first, try part(0, of: 4)], into: merged.url).contains("holds trajectory 0, which is in"))
        #expect(merging([], into: merged.url).contains("no caches to join"))
        #expect(!FileManager.default.fileExists(atPath: merged.url.path), "nothing is left behind")
    }

    @Test func whatStandsInTheFolderIsKept() throws {
        let parts = try [part(0, of: 2), part(1, of: 2)], before = try parts[0].files()
        #expect(merging(parts, into: parts[0].url).contains("holds files already"))
        #expect(try parts[0].files() == before)
    }

    @Test func whatFailsHalfWayLeavesNothing() throws {
        struct Stop: Error {}
        let parts = try [part(0, of: 2), part(1, of: 2)], merged = TemporaryFolder()
        var shards = 0
        #expect(throws: Stop.self) {
            try HiddenStateCache.merge(parts.map(\.url), into: merged.url) { _ in
                shards += 1
                if shards == 2 { throw Stop() }
            }
        }
        withExtendedLifetime(parts) {}
        #expect(!FileManager.default.fileExists(atPath: merged.url.path))
    }
}
