import AutoDecoHeads
import Foundation
import HiddenStateCache
import Safetensors
import Tensor
import Testing

/// Everything that can be wrong with a folder is an error that names the file.
@Suite struct CorruptionTests {
    static let corpus = Corpus(lengths: [60, 50, 40, 90, 20, 30])
    static let second = "shard-00001.safetensors"

    private func opening(_ folder: TemporaryFolder, verify: Bool = true) -> String {
        message { _ = try HiddenStateCache(folder: folder.url, verify: verify) } ?? "nothing"
    }

    private func cache(_ change: (TemporaryFolder) throws -> Void) throws -> TemporaryFolder {
        let folder = try Self.corpus.cache(Self.corpus.description(8, 8, .bf16))
        try change(folder)
        return folder
    }

    @Test func aSoundCacheOpens() throws {
        let folder = try cache { _ in }
        #expect(opening(folder) == "nothing" && opening(folder, verify: false) == "nothing")
    }

    @Test func aMissingShardIsNamed() throws {
        let folder = try cache { try FileManager.default.removeItem(atPath: $0.path(Self.second)) }
        #expect(opening(folder).contains(Self.second) && opening(folder, verify: false).contains(Self.second))
    }

    @Test(arguments: [0, 7, 100, 1_000, -1, -4_000])
    func aTruncatedShardIsNamed(length: Int) throws {
        let folder = try cache {
            try $0.replace(Self.second) { $0 = $0.prefix(length >= 0 ? length : $0.count + length) }
        }
        #expect(opening(folder).contains(Self.second) && opening(folder, verify: false).contains(Self.second))
    }

    @Test func aShardWithBytesBehindIsNamed() throws {
        let folder = try cache { try $0.replace(Self.second) { $0.append(0) } }
        #expect(opening(folder).contains(Self.second) && opening(folder, verify: false).contains(Self.second))
    }

    @Test(arguments: 0..<24)
    func aFlippedBitIsNamed(seed: UInt64) throws {
        var random = RandomGenerator(seed: seed)
        let folder = try cache { folder in
            try folder.replace(Self.second) {
                $0[Int(random.next() % UInt64($0.count))] ^= 1 << UInt8(random.next() % 8)
            }
        }
        #expect(opening(folder).contains(Self.second))
    }

    @Test func aFlippedBitOfDataIsFoundByItsChecksum() throws {
        let folder = try cache { try $0.replace(Self.second) { $0[$0.count - 100] ^= 4 } }
        #expect(opening(folder).contains("\(Self.second): has the CRC-32"))
        #expect(opening(folder, verify: false) == "nothing")
    }

    /// Shards of caches with another D, K, B, type of hidden states, and of one that is alike but for its content.
    @Test func aForeignShardIsNamed() throws {
        let alike = Corpus(lengths: Self.corpus.lengths, seed: 2), wide = Corpus(lengths: Self.corpus.lengths, V: 40)
        let others = [
            try wide.cache(wide.description(9, 8, .bf16)), try wide.cache(wide.description(8, 9, .bf16)),
            try wide.cache(wide.description(8, 8, .f16)),
            try wide.cache(wide.description(256, 128, .bf16)),
            try wide.cache(
                wide.description(8, 8, .bf16, rank: 3),
                projection: Projection(mean: Tensor(shape: [12]), components: Tensor(shape: [3, 12]))),
        ]
        for other in others {
            let bytes = try #require(FileManager.default.contents(atPath: other.path(Self.second)))
            let folder = try cache { folder in try folder.replace(Self.second) { $0 = bytes } }
            #expect(opening(folder).contains(Self.second) && opening(folder, verify: false).contains(Self.second))
        }
        let foreign = TemporaryFolder()
        try alike.write(with: alike.writer(foreign, alike.description(8, 8, .bf16), fingerprint: "another"))
        let bytes = try #require(FileManager.default.contents(atPath: foreign.path(Self.second)))
        let folder = try cache { folder in try folder.replace(Self.second) { $0 = bytes } }
        #expect(opening(folder).contains("\(Self.second): has the CRC-32"))
        #expect(
            opening(folder, verify: false).contains("\(Self.second): has the fingerprint 'another', expected 'corpus'"))
    }

    @Test func aShardInAnothersPlaceIsNamed() throws {
        // Both hold 60 tokens of one trajectory.
        let corpus = Corpus(lengths: [60, 60, 60]), folder = try corpus.cache(corpus.description(8, 8), shardTokens: 50)
        let bytes = try #require(FileManager.default.contents(atPath: folder.path("shard-00000.safetensors")))
        try folder.replace(Self.second) { $0 = bytes }
        #expect(opening(folder).contains("\(Self.second): has the CRC-32"))
        #expect(opening(folder, verify: false).contains("\(Self.second): trajectory 0 begins at row 0, but is in"))
    }

    @Test func aManifestThatIsNotSoundIsNamed() throws {
        func with(_ change: (inout [String: Any]) -> Void) throws -> String {
            let folder = try cache { folder in
                try folder.replace("cache.json") { data in
                    var object = (try? JSONSerialization.jsonObject(with: data) as? [String: Any]) ?? [:]
                    change(&object)
                    data = (try? JSONSerialization.data(withJSONObject: object)) ?? Data()
                }
            }
            return opening(folder, verify: false)
        }
        func withShard(_ change: (inout [String: Any]) -> Void) throws -> String {
            try with { object in
                var shards = object["shards"] as? [[String: Any]] ?? []
                change(&shards[1])
                object["shards"] = shards
            }
        }
        #expect(try with { _ in } == "nothing")
        #expect(try with { $0["hidden_size"] = nil }.contains("cache.json: hidden_size is missing"))
        #expect(
            try with { $0["hidden_size"] = "12" }.contains(
                "cache.json: hidden_size has the wrong type, expected a whole number"))
        #expect(try with { $0["hidden_size"] = 13 }.contains("shard-00000.safetensors"))
        #expect(try with { $0["hidden_size"] = -1 }.contains("cache.json: hidden_size is -1"))
        #expect(try with { $0["rank"] = 13 }.contains("cache.json: rank is 13, expected a whole number from 1 to 12"))
        #expect(try with { $0["rank"] = 3 }.contains("projection.safetensors"))
        #expect(try with { $0["format_version"] = 3 }.contains("cache.json: format_version is 3, expected 1 to 2"))
        #expect(try with { $0["hidden_dtype"] = "I8" }.contains("cache.json: hidden_dtype is I8"))
        #expect(try with { $0["shards"] = 3 }.contains("cache.json: shards has the wrong type"))
        #expect(try withShard { $0["tokens"] = 129 }.contains(Self.second))
        #expect(try withShard { $0["trajectories"] = 1 }.contains("\(Self.second): holds 2 trajectories, expected 1"))
        #expect(try withShard { $0["tokens"] = nil }.contains("cache.json: shards[1].tokens is missing"))
        #expect(try withShard { $0["crc32"] = "xyz" }.contains("cache.json: shards[1]: crc32 is 'xyz'"))
        #expect(try withShard { $0["file"] = "../x" }.contains("cache.json: shards[1]: file is '../x'"))
        #expect(try withShard { $0["file"] = "shard-00000.safetensors" }.contains("listed twice"))
        #expect(
            opening(try cache { try FileManager.default.removeItem(atPath: $0.path("cache.json")) }).contains(
                "cache.json"))
        #expect(
            opening(try cache { try $0.replace("cache.json") { $0 = $0.prefix($0.count / 2) } }).contains(
                "cache.json: is not valid JSON"))
    }

    /// Content that no checksum has been compared for is checked when it is loaded.
    @Test func unsoundContentIsNamedWithItsRow() throws {
        func loading(_ tensor: String, at index: Int, _ bits: UInt32) throws -> String {
            let folder = try cache { folder in
                let entry = try SafetensorsFile(path: folder.path(Self.second)).tensor(tensor).entry
                try folder.replace(Self.second) { data in
                    for byte in 0..<entry.type.byteWidth {
                        data[entry.byteRange.lowerBound + index * entry.type.byteWidth + byte] = UInt8(
                            truncatingIfNeeded: bits >> (8 * byte))
                    }
                }
            }
            return message {
                let cache = try HiddenStateCache(folder: folder.url, verify: false)
                _ = try cache.batch(of: cache.trajectories)
            } ?? "nothing"
        }
        let place = "\(Self.second): row 70: "
        #expect(try loading("hidden", at: 70 * 12 + 5, 0x7F80).contains(place + "the hidden state"))
        #expect(try loading("label", at: 70, 40).contains(place + "the label is 40"))
        #expect(try loading("label_rank", at: 70, 4_000).contains(place + "the label_rank is 4000"))
        #expect(
            try loading("top_logits", at: 70 * 8 + 1, Float(99).bitPattern).contains(
                place + "logit 1 of the largest is 99.0"))
        #expect(try loading("tail_count", at: 70 * 9, Float.nan.bitPattern).contains(place + "a bin holds"))
        #expect(try loading("tail_variance", at: 70 * 9, Float(-1).bitPattern).contains(place + "a bin holds"))
        #expect(try loading("position", at: 70, UInt32(bitPattern: -1)).contains(place + "the position is -1"))
        #expect(try loading("label", at: 70, UInt32(bitPattern: -1)).contains(place + "the label is -1"))
        // Finite numbers that cannot be: more tokens than the vocabulary has, or deeper than depths are counted.
        for count: Float in [0x1p62, 2.5, 33] {
            #expect(try loading("tail_count", at: 70 * 9, count.bitPattern).contains(place + "a bin holds"), "\(count)")
        }
        #expect(try loading("tail_variance", at: 70 * 9, Float(3e38).bitPattern).contains(place + "a bin holds"))
        #expect(try loading("tail_mean", at: 70 * 9, Float(-3e38).bitPattern).contains(place + "a bin holds"))
        #expect(try loading("tail_mean", at: 70 * 9, Float(1e4).bitPattern).contains(place + "a bin holds"))
        #expect(try loading("label_logit", at: 70, Float.nan.bitPattern).contains(place + "the label's logit"))
    }
}
