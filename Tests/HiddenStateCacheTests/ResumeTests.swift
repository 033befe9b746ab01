import AutoDecoHeads
import Foundation
import HiddenStateCache
import Safetensors
import Tensor
import Testing

private struct Cut: Error {}

@Suite struct ResumeTests {
    static let corpus = Corpus(lengths: (0..<40).map { 3 + 7 * $0 % 60 })

    @Test func aShardEndsAtTheFirstBoundaryAtOrAfterItsLimit() {
        let plan = ShardPlan(lengths: [4, 6, 3, 0, 9, 1, 0, 0], shardTokens: 10)
        #expect(plan.shards.map(\.trajectories) == [0..<2, 2..<5, 5..<8])
        #expect(plan.shards.map(\.tokens) == [10, 12, 1])
        #expect(ShardPlan(lengths: [0, 0], shardTokens: 10).shards.isEmpty)
    }

    @Test(arguments: 0..<6)
    func anInterruptedRunGivesTheSameBytes(seed: UInt64) throws {
        let corpus = Self.corpus, description = try corpus.description(8, 8, .bf16)
        let whole = try corpus.cache(description).files()
        var random = RandomGenerator(seed: seed)
        let folder = TemporaryFolder()
        var interruptions = 0
        while interruptions < 4 {
            let writer = try corpus.writer(folder, description)
            let missing = writer.plan.shards.filter { !writer.isWritten($0) }
            guard let last = missing.first else { break }
            // Some shards are finished, the next one is cut off within.
            if random.uniform() < 0.7 { try corpus.write(last, with: writer) }
            if let next = missing.dropFirst().first {
                #expect(throws: Cut.self) {
                    try writer.write(next) { tokens in
                        let line = next.trajectories.lowerBound
                        try tokens.append(
                            trajectory: line, labels: corpus.labels[line], firstPosition: 1, hidden: corpus.hidden[line]
                        ) { corpus.logits($0) }
                        throw Cut()
                    }
                }
                // What a killed process leaves.
                try Data("half".utf8).write(
                    to: folder.url.appendingPathComponent(
                        ".\(next.number == 0 ? "cache.json" : "shard-00001.safetensors").4711-0.partial"))
            }
            interruptions += 1
        }
        let writer = try corpus.writer(folder, description)
        #expect(writer.plan.shards.count { !writer.isWritten($0) } < writer.plan.shards.count)
        try corpus.write(with: writer)
        #expect(try folder.files() == whole)
        try corpus.write(with: corpus.writer(folder, description))
        #expect(try folder.files() == whole)
    }

    @Test func bytesDoNotDependOnThreads() throws {
        let corpus = Self.corpus, description = try corpus.description(8, 8, .f16)
        let one = try Parallel.$threads.withValue(1) { try corpus.cache(description).files() }
        let five = try Parallel.$threads.withValue(5) { try corpus.cache(description).files() }
        #expect(one == five)
    }

    @Test func aFolderOfAnotherCacheIsRefused() throws {
        let corpus = Self.corpus, folder = try corpus.cache(corpus.description(8, 8))
        func refusal(
            _ description: CacheDescription, shardTokens: Int = 100, fingerprint: String = "corpus",
            _ other: Corpus = Self.corpus
        ) -> String {
            message { _ = try other.writer(folder, description, shardTokens: shardTokens, fingerprint: fingerprint) }
                ?? ""
        }
        let before = try folder.files()
        for text in [
            refusal(try corpus.description(8, 8), fingerprint: "another"), refusal(try corpus.description(8, 9)),
            refusal(try corpus.description(16, 8)),
            refusal(try corpus.description(8, 8, .bf16)), refusal(try corpus.description(8, 8), shardTokens: 101),
            refusal(try corpus.description(8, 8), Corpus(lengths: corpus.lengths.dropLast() + [1])),
        ] {
            #expect(text.contains("shard-00000.safetensors: belongs to another cache"), "\(text)")
        }
        #expect(try folder.files() == before)
        #expect(refusal(try corpus.description(8, 8)).isEmpty)
    }

    @Test func unsoundTokensAreNamed() throws {
        let corpus = Corpus(lengths: [10, 200]), folder = TemporaryFolder()
        func failure(_ type: String, hidden: Float? = nil, logit: Float? = nil, label: Int? = nil) throws -> String {
            let writer = try corpus.writer(
                folder, corpus.description(8, 8, type == "F16" ? .f16 : .bf16), shardTokens: 1_000)
            let text = message {
                try writer.write(writer.plan.shards[0]) { tokens in
                    var states = corpus.hidden[1], labels = corpus.labels[1]
                    if let hidden { states[150, 3] = hidden }
                    if let label { labels[150] = label }
                    try tokens.append(
                        trajectory: 0, labels: corpus.labels[0], firstPosition: 1, hidden: corpus.hidden[0]
                    ) { corpus.logits($0) }
                    var block = 0
                    try tokens.append(trajectory: 1, labels: labels, firstPosition: 7, hidden: states) { states in
                        var logits = corpus.logits(states)
                        if let logit, block == 1 { logits[22, 5] = logit }
                        block += 1
                        return logits
                    }
                }
            }
            #expect(try folder.files().isEmpty, "a shard with an unsound token is not written")
            return text ?? "nothing"
        }
        let place = "shard-00000.safetensors: trajectory 1, position 157: "
        #expect(try failure("F16", hidden: 70_000).contains(place + "the hidden state is not finite as F16"))
        #expect(try failure("BF16", logit: .nan).contains(place + "the logit of token 5 is nan"))
        #expect(try failure("BF16", label: 40).contains(place + "label 40 is outside the vocabulary"))
        #expect(try failure("BF16", logit: .infinity).contains("inf"))
    }

    @Test func sizesOutOfRangeAreRefused() {
        func refusal(
            _ D: Int = 12, _ V: Int = 40, _ K: Int = 8, _ B: Int = 8, _ type: Safetensors.ElementType = .bf16,
            _ rank: Int? = nil
        ) -> String {
            message {
                _ = try CacheDescription(
                    modelName: "", modelPath: "", hiddenSize: D, vocabularySize: V, topLogits: K, tailBins: B,
                    hiddenType: type, rank: rank)
            } ?? "nothing"
        }
        #expect(refusal(0).contains("hidden_size is 0") && refusal(12, 0).contains("vocabulary_size is 0"))
        #expect(refusal(12, 40, 4).contains("top_logits is 4") && refusal(12, 40, 8, 0).contains("tail_bins is 0"))
        #expect(refusal(12, 40, 8, 8, .f64).contains("hidden_dtype is F64"))
        #expect(
            refusal(12, 40, 8, 8, .bf16, 13).contains("rank is 13")
                && refusal(12, 40, 8, 8, .bf16, 0).contains("rank is 0"))
        #expect(refusal(12, 40, 8, 8, .bf16, 12) == "nothing")
    }
}
