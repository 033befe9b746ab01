import Files
import Foundation
import GGUF
import Safetensors
import Tensor
import TestSupport
import Testing
@testable import Backbone

/// A GGUF file in the place of a model's folder.
@Suite struct GGUFModelTests {
    /// A kind of model that both layouts can say, and what `general.architecture` calls it.
    struct Case: Sendable, CustomTestStringConvertible {
        let kind: TinyModel.Kind, architecture: String
        let changes: @Sendable () -> [String: Any]

        init(
            _ kind: TinyModel.Kind, _ architecture: String,
            _ changes: @autoclosure @escaping @Sendable () -> [String: Any]
        ) {
            (self.kind, self.architecture, self.changes) = (kind, architecture, changes)
        }

        var testDescription: String { architecture }
        func tiny() throws -> TinyModel { try TinyModel(kind, changes()) }
    }

    static let cases = [
        Case(.llama, "llama", [:]), Case(.qwen2, "qwen2", ["use_sliding_window": false]),
        Case(.qwen3, "qwen3", [:]), Case(.qwen3MoE, "qwen3moe", ["num_hidden_layers": 1, "mlp_only_layers": [Int]()]),
        Case(.gptOSS, "gpt-oss", ["swiglu_limit": 7.0]),
    ]

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ file: GGUFBytes, _ name: String = "model.gguf") throws -> URL {
        try file.write(to: folder(name))
        return URL(fileURLWithPath: folder(name))
    }

    private func large(_ url: URL) throws -> Transformer {
        let source = try ModelSource(url)
        return try Transformer(
            configuration: source.configuration(), checkpoint: source.checkpoint(), mostTinyWeights: 0)
    }

    @Test(arguments: cases)
    func itsHiddenStatesAndLogitsAreTheFolders(each: Case) throws {
        let tiny = try each.tiny(), url = try write(tiny.gguf(each.architecture))
        let sequences = [tiny.tokens(5), tiny.tokens(90, seed: 3)]
        for (own, made) in [
            (try tiny.load(), try Transformer(directory: url)), (try tiny.loadAsLarge(), try large(url)),
        ] {
            let expected = try own.hidden(sequences), hidden = try made.hidden(sequences)
            // Sums over a head run in another order where rows are reordered.
            #expect(largestDifference(hidden, expected).difference < 2e-5)
            #expect(largestDifference(made.logits(hidden), own.logits(expected)).difference < 2e-5)
        }
    }

    @Test(arguments: cases)
    func itsConfigurationIsTheFolders(each: Case) throws {
        let tiny = try each.tiny(), own = try tiny.loadConfiguration()
        let made = try ModelConfiguration(directory: try write(tiny.gguf(each.architecture)))
        #expect(made.family == own.family && made.rope == own.rope && made.windows == own.windows)
        #expect(made.experts == own.experts && made.normEpsilon == own.normEpsilon)
        func sizes(_ configuration: ModelConfiguration) -> [Int] {
            [
                configuration.hiddenSize, configuration.vocabularySize, configuration.layerCount,
                configuration.contextLength, configuration.intermediateSize, configuration.headCount,
                configuration.keyValueHeadCount, configuration.headSize,
            ]
        }
        #expect(sizes(made) == sizes(own))
        #expect(made.tiesEmbeddings == own.tiesEmbeddings && made.hasFeedForwardBias == own.hasFeedForwardBias)
        #expect(made.hasQueryKeyValueBias == own.hasQueryKeyValueBias && made.hasOutputBias == own.hasOutputBias)
        #expect(made.endTokens == [2] && made.beginToken == 1)
        #expect(made.namedEnds.map(\.file).allSatisfy { $0 == "model.gguf" })
    }

    /// The blocks are decoded on the way, so that a model in blocks is the model of its dequantised weights.
    @Test(arguments: [UInt32(3), 8])
    func matricesInBlocksMultiplyAsTheirNumbers(type: UInt32) throws {
        let tiny = try TinyModel(
            .llama, ["hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 4, "vocab_size": 70])
        var blocks = try tiny.gguf("llama")
        var draws = Draws(seed: 5)
        for place in blocks.tensors.indices where blocks.tensors[place].shape.count == 2 {
            blocks.tensors[place].content = Self.randomBlocks(
                blocks.tensors[place].shape.reduce(1, *) / 32, type: type, &draws)
            blocks.tensors[place].type = type
        }
        var floats = blocks
        for tensor in try GGUFFile(bytes: blocks.bytes).entries where tensor.type.blockSize > 1 {
            let place = try #require(floats.tensors.firstIndex { $0.name == tensor.name })
            let numbers = try GGUFFile(bytes: blocks.bytes).tensor(tensor.name).dequantized()
            (floats.tensors[place].type, floats.tensors[place].content) = (0, GGUFBytes.floats(numbers))
        }
        let inBlocks = try write(blocks, "blocks.gguf"), inFloat = try write(floats, "floats.gguf")
        let sequences = [tiny.tokens(5), tiny.tokens(90, seed: 3)]
        for (made, own) in [
            (try Transformer(directory: inBlocks), try Transformer(directory: inFloat)),
            (try large(inBlocks), try large(inFloat)),
        ] {
            let expected = try own.hidden(sequences), hidden = try made.hidden(sequences)
            #expect(largestDifference(hidden, expected).difference < 2e-5)
            #expect(largestDifference(made.logits(hidden), own.logits(expected)).difference < 2e-5)
        }
    }

    /// Scales of about 2⁻⁸, so that states stay small.
    private static func randomBlocks(_ count: Int, type: UInt32, _ draws: inout Draws) -> [UInt8] {
        (0..<count).flatMap { _ -> [UInt8] in
            let scale = GGUFBytes.number(UInt16(0x1C00 + draws.next() % 512))
            let offset = type == 3 ? GGUFBytes.number(UInt16(0xA000 + draws.next() % 512)) : []
            return scale + offset + (0..<(type == 3 ? 16 : 32)).map { _ in UInt8(truncatingIfNeeded: draws.next()) }
        }
    }

    // MARK: What a file may say wrongly

    private func sentence(_ change: (inout GGUFBytes) throws -> Void) throws -> String {
        var file = try TinyModel(.llama).gguf("llama")
        try change(&file)
        let url = try write(file)
        do { _ = try Transformer(directory: url) } catch {
            #expect(!"\(error)".contains("\n") && "\(error)".hasPrefix(url.path), "\(error)")
            return "\(error)"
        }
        return "no error"
    }

    private static func set(_ key: String, _ value: [UInt8]?, in file: inout GGUFBytes) {
        let name = GGUFBytes.text(key)
        file.values.removeAll { $0.starts(with: name) }
        if let value { file.values.append(name + value) }
    }

    private static func integer(_ number: Int) -> [UInt8] {
        GGUFBytes.number(UInt32(4)) + GGUFBytes.number(UInt32(number))
    }

    @Test func metadataThatLackOrDoNotFitAreNamed() throws {
        for (key, value, words) in [
            ("general.architecture", nil, "found nothing for 'general.architecture', expected a text"),
            (
                "general.architecture", GGUFBytes.number(UInt32(8)) + GGUFBytes.text("mamba"),
                "found \"mamba\" for 'general.architecture', expected one of llama, qwen2, qwen3, qwen3moe, gpt-oss"
            ),
            ("llama.embedding_length", nil, "'llama.embedding_length', expected a whole number from 1 to"),
            (
                "llama.block_count", Self.integer(0),
                "found 0 for 'llama.block_count', expected a whole number from 1 to"
            ),
            ("llama.block_count", Self.integer(4), "expected one called 'model.layers.3."),
            ("llama.attention.head_count", Self.integer(3), "expected a divisor of the 3 attention heads"),
            ("llama.attention.value_length", Self.integer(5), "'llama.attention.value_length', expected 6"),
            ("llama.rope.dimension_count", Self.integer(4), "expected 6, all of a head"),
            ("llama.attention.layer_norm_rms_epsilon", nil, "rms_epsilon', expected a number above 0"),
            (
                "llama.rope.freq_base", GGUFBytes.number(UInt32(6)) + GGUFBytes.number(-Float(1)),
                "found -1.0 for 'llama.rope.freq_base', expected a number above 0"
            ),
        ] as [(String, [UInt8]?, String)] {
            let found = try sentence { Self.set(key, value, in: &$0) }
            #expect(found.contains(words), "\(found)")
        }
    }

    @Test func tensorsThatLackOrDoNotFitAreNamed() throws {
        #expect(
            try sentence { $0.tensors.removeAll { $0.name == "token_embd.weight" } }
                .contains("found no tensor 'token_embd.weight'"))
        #expect(
            try sentence { $0.tensors.append(.init("blk.0.ssm_in.weight", [1], GGUFBytes.floats([1]))) }
                .contains("found tensor 'blk.0.ssm_in.weight', expected those of a model of architecture llama"))
        #expect(
            try sentence { $0.tensors.removeAll { $0.name == "blk.1.ffn_up.weight" } }
                .contains("expected one called 'model.layers.1.mlp.up_proj.weight'"))
    }

    @Test func ropeFactorsThatFollowNoRuleAreRefused() throws {
        func change(_ factors: [Float]) throws -> String {
            try sentence { file in
                let place = file.tensors.firstIndex { $0.name == "rope_freqs.weight" } ?? 0
                file.tensors[place].content = GGUFBytes.floats(factors)
                file.tensors[place].shape = [factors.count]
            }
        }
        #expect(try change([1, 7, 3]).contains("do not follow from llama 3's rule"))
        #expect(try change([1, -1, 3]).contains("found -1.0 in tensor 'rope_freqs.weight', expected numbers above 0"))
        #expect(try change([1, 2]).contains("with 2 numbers, expected F32 with 3, one a pair of a head"))
        // All frequencies as they are: a factor of 1.
        #expect(try change([1, 1, 1]) == "no error")
    }

    @Test func recommendedSamplingIsRead() throws {
        var file = try TinyModel(.llama).gguf("llama")
        file.set("general.sampling.temp", 0.6)
        file.set("general.sampling.top_k", 20)
        let configuration = try ModelConfiguration(directory: try write(file))
        #expect(configuration.recommendedSampling == ["temperature": 0.6, "top_k": 20])
        file.set("general.sampling.top_p", "much")
        let url = try write(file)
        #expect(
            failure { try ModelConfiguration(directory: url) }?.reason
                == "found \"much\" for 'general.sampling.top_p', expected a number")
    }

    @Test func fingerprintsNameEveryPart() throws {
        var first = Fingerprint(), second = Fingerprint()
        var file = GGUFBytes()
        for part in 1...2 {
            file.values = []
            file.set("split.no", part - 1)
            try file.write(to: folder("m-0000\(part)-of-00002.gguf"))
        }
        try first.add("model", modelAt: folder("m-00001-of-00002.gguf"))
        #expect(first.entries.keys.sorted() == ["model/m-00001-of-00002.gguf", "model/m-00002-of-00002.gguf"])
        file.set("more", 1)
        try file.write(to: folder("m-00002-of-00002.gguf"))
        try second.add("model", modelAt: folder("m-00001-of-00002.gguf"))
        #expect(first.difference(from: second)?.contains("m-00002") == true)
    }
}
