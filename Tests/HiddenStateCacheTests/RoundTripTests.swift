import AutoDecoHeads
import Files
import Foundation
import HiddenStateCache
import LogitSketches
import Safetensors
import Tensor
import TestSupport
import Testing

@Suite struct RoundTripTests {
    static let corpus = Corpus(lengths: [30, 0, 75, 200, 1, 140, 3])

    @Test(arguments: CacheDescription.hiddenTypes, [(256, 128), (8, 8)])
    func whatIsWrittenIsRead(type: ElementType, sketch: (K: Int, B: Int)) throws {
        let corpus = Self.corpus
        let folder = try corpus.cache(corpus.description(sketch.K, sketch.B, type))
        let cache = try HiddenStateCache(folder: folder.url)
        #expect(cache.description == (try corpus.description(sketch.K, sketch.B, type)))
        #expect(cache.trajectories.map(\.number) == [0, 2, 3, 4, 5, 6])
        #expect(cache.trajectories.map(\.count) == corpus.lengths.filter { $0 > 0 })

        let batch = try cache.batch(of: cache.trajectories), lines = corpus.lengths.indices
        #expect(batch.labels == corpus.allLabels)
        #expect(batch.trajectories == lines.flatMap { Array(repeating: $0, count: corpus.lengths[$0]) })
        #expect(
            batch.positions
                == lines.flatMap { (0..<corpus.lengths[$0]).map { [line = $0] in corpus.firstPositions[line] + $0 } })
        // Rounded once to the stored type: NewTensor takes the same way.
        let stored = try roundTrip(corpus.allHidden, type)
        #expect(batch.hidden == stored)
        #expect(type == .f32 || batch.hidden != corpus.allHidden)

        let shape = SketchShape(exact: sketch.K, bins: sketch.B)
        let expected = try LogitSketches(
            logits: corpus.logits(corpus.allHidden), labels: corpus.allLabels, shape: shape)
        #expect(batch.labelRanks == expected.labelRanks)
        #expect(batch.sketches.baseProbabilities == expected.baseProbabilities)
        #expect(sketch.K > 40 || batch.labelRanks.contains { $0 >= sketch.K }, "some labels are in the tail")
        var random = RandomGenerator(seed: 3)
        func column(_ range: Range<Double>) -> Tensor<Float> {
            Tensor(shape: [batch.count, 1], (0..<batch.count).map { _ in Float(random.uniform(in: range)) })
        }
        let T = column(0.1..<2), P = column(0.1..<1)
        let read = batch.sketches.lossesAndFeatures(temperature: T, topP: P, constants: LossConstants())
        let direct = expected.lossesAndFeatures(temperature: T, topP: P, constants: LossConstants())
        #expect(read.features == direct.features)
        #expect(
            read.losses.joint == direct.losses.joint
                && read.losses.jointByTemperature == direct.losses.jointByTemperature)
        #expect(read.losses.topPByTopP == direct.losses.topPByTopP)
    }

    private func roundTrip(_ states: Tensor<Float>, _ type: ElementType) throws -> Tensor<Float> {
        let folder = TemporaryFolder()
        try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
        try SafetensorsWriter.write([NewTensor("x", states.shape, states.elements, as: type)], to: folder.path("x"))
        return Tensor(
            shape: states.shape, try SafetensorsFile(path: folder.path("x")).tensor("x").values(as: Float.self))
    }

    @Test func tensorsHaveTheirNamesShapesAndTypes() throws {
        let corpus = Self.corpus
        func shapes(_ K: Int, _ B: Int) throws -> [String: String] {
            let folder = try corpus.cache(corpus.description(K, B, .bf16), shardTokens: 1_000)
            let file = try SafetensorsFile(path: folder.path("shard-00000.safetensors"))
            return Dictionary(uniqueKeysWithValues: file.entries.map { ($0.name, "\($0.type.rawValue) \($0.shape)") })
        }
        let always = [
            "hidden": "BF16 [449, 12]", "label": "I32 [449]", "label_rank": "I32 [449]", "label_logit": "F32 [449]",
            "trajectory": "I32 [449]",
            "position": "I32 [449]",
        ]
        #expect(try shapes(256, 128) == always.merging(["top_logits": "F32 [449, 40]"]) { $1 })
        let tail = ["tail_count": "F32 [449, 9]", "tail_mean": "F32 [449, 9]", "tail_variance": "F32 [449, 9]"]
        #expect(try shapes(8, 8) == always.merging(["top_logits": "F32 [449, 8]"]) { $1 }.merging(tail) { $1 })
    }

    @Test func theManifestSaysWhatTheFormatAsksFor() throws {
        let corpus = Self.corpus, folder = try corpus.cache(corpus.description(8, 8, .f16))
        let data = try #require(FileManager.default.contents(atPath: folder.path("cache.json")))
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(
            Set(object.keys) == [
                "format_version", "model_name", "model_path", "hidden_size", "vocabulary_size", "top_logits",
                "tail_bins", "hidden_dtype", "shards",
            ])
        #expect(
            object["format_version"] as? Int == 2 && object["hidden_dtype"] as? String == "F16"
                && object["tail_bins"] as? Int == 8)
        let shards = try #require(object["shards"] as? [[String: Any]])
        #expect(shards.map { $0["tokens"] as? Int } == [105, 200, 141, 3])
        #expect(shards.map { $0["trajectories"] as? Int } == [2, 1, 2, 1])
        for shard in shards {
            let bytes = try #require(FileManager.default.contents(atPath: folder.path(shard["file"] as? String ?? "")))
            let crc = bytes.withUnsafeBytes { CRC32.of($0) }
            #expect(UInt32(shard["crc32"] as? String ?? "", radix: 16) == crc)
        }
    }

    /// zlib's checksums of these texts.
    @Test func crcEqualsZlibs() {
        let known: [(String, UInt32)] = [
            ("", 0), ("a", 0xE8B7_BE43), ("123456789", 0xCBF4_3926),
            ("The quick brown fox jumps over the lazy dog", 0x414F_A339),
        ]
        for (text, expected) in known { #expect(Array(text.utf8).withUnsafeBytes { CRC32.of($0) } == expected) }
        var random = RandomGenerator(seed: 8)
        let bytes = (0..<1_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let whole = bytes.withUnsafeBytes { CRC32.of($0) }
        for cut in [1, 3, 8, 13, 500, 999] {
            var crc = CRC32()
            bytes[..<cut].withUnsafeBytes { crc.update($0) }
            bytes[cut...].withUnsafeBytes { crc.update($0) }
            #expect(crc.value == whole)
        }
    }

    @Test func backboneFilesAreCopiedAsFarAsTheyExist() throws {
        let model = TemporaryFolder(), folder = TemporaryFolder()
        try FileManager.default.createDirectory(at: model.url, withIntermediateDirectories: true)
        for name in ["config.json", "tokenizer.json", "model.safetensors"] {
            try Data("\(name)!".utf8).write(to: model.url.appendingPathComponent(name))
        }
        let corpus = Corpus(lengths: [5])
        try corpus.write(with: corpus.writer(folder, corpus.description()), backbone: model.url)
        let copied = try folder.files().filter { $0.key.hasPrefix("backbone/") }
        #expect(
            copied == [
                "backbone/config.json": Data("config.json!".utf8),
                "backbone/tokenizer.json": Data("tokenizer.json!".utf8),
            ])
    }

    @Test func ofAGGUFFileTheBackbonesFilesAreMade() throws {
        let place = TemporaryFolder(), folder = TemporaryFolder(), corpus = Corpus(lengths: [5])
        try FileManager.default.createDirectory(at: place.url, withIntermediateDirectories: true)
        let file = place.url.appendingPathComponent("model.gguf")
        try TinyModel(.qwen2).gguf("qwen2", vocabulary: true).write(to: file.path)
        let writer = try corpus.writer(folder, corpus.description())
        for shard in writer.plan.shards { try corpus.write(shard, with: writer) }
        try writer.finish(backbone: file, modelFingerprint: "0123456789abcdef")
        let made = try folder.files().keys.filter { $0.hasPrefix("backbone/") }.sorted()
        #expect(
            made == [
                "backbone/config.json", "backbone/generation_config.json", "backbone/model_fingerprint.txt",
                "backbone/tokenizer.json", "backbone/tokenizer_config.json",
            ])
        #expect(try HiddenStateCache(folder: folder.url).modelFingerprint == "0123456789abcdef")
        // Whatever else lies there is no fingerprint.
        try Data("none".utf8).write(to: folder.url.appendingPathComponent("backbone/model_fingerprint.txt"))
        #expect(try HiddenStateCache(folder: folder.url).modelFingerprint == nil)
    }

    @Test func packedTrajectoriesGiveTheSameTokens() throws {
        let corpus = Corpus(lengths: [20, 30, 0, 10]), folder = TemporaryFolder()
        let writer = try corpus.writer(folder, corpus.description())
        try writer.write(writer.plan.shards[0]) { tokens in
            try tokens.append(
                trajectories: [0, 1, 3].flatMap { Array(repeating: $0, count: corpus.lengths[$0]) },
                labels: corpus.allLabels,
                positions: [0, 1, 3].flatMap { line in
                    (0..<corpus.lengths[line]).map { corpus.firstPositions[line] + $0 }
                },
                hidden: corpus.allHidden
            ) { corpus.logits($0) }
        }
        try writer.finish(backbone: nil)
        #expect(try folder.files() == corpus.cache(corpus.description()).files())
    }
}
