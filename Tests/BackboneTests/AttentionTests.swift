import Foundation
import Safetensors
import Tensor
import TestSupport
import Testing
@testable import Backbone

/// Attention against the textbook's loops in Double, which know no caches, tiles or absorbed matrices.
@Suite struct AttentionTests {
    private typealias Matrix = [[Double]]

    @Test(arguments: [TinyModel.Kind.llama, .qwen2, .qwen3, .gptOSS, .mistral, .qwen2MoE, .olmo2, .glm4MoE])
    func groupedQueryAttentionIsTheTextbooks(_ kind: TinyModel.Kind) throws {
        // Wide heads, so that vectors and the loops for their rest both run.
        let tiny = try TinyModel(kind, ["head_dim": 84])
        let setting = try Setting(tiny, layer: 2)
        let attention = try GroupedQueryAttention(setting.weights, setting.configuration, layer: 2)
        let (x, got) = setting.run(attention)
        let configuration = setting.configuration
        let heads = configuration.headCount, size = configuration.headSize,
            shared = heads / configuration.keyValueHeadCount
        let sinks = kind == .gptOSS ? try setting.weights.vector("sinks", count: heads).map(Double.init) : nil
        for (sequence, rows) in zip(x, got) {
            let q = try setting.normedHeads("q", try setting.project("q_proj", sequence))
            let k = try setting.normedHeads("k", try setting.project("k_proj", sequence))
            let v = try setting.project("v_proj", sequence)
            var sums = Matrix(repeating: [], count: sequence.count)
            for head in 0..<heads {
                func part(_ x: Matrix, _ head: Int) -> Matrix { x.map { Array($0[head * size..<(head + 1) * size]) } }
                let sum = Self.attend(
                    setting.turned(part(q, head), interleaved: false),
                    setting.turned(part(k, head / shared), interleaved: false),
                    part(v, head / shared), scale: 1 / Double(size).squareRoot(), window: configuration.windows[2],
                    sink: sinks?[head])
                for row in sum.indices { sums[row] += sum[row] }
            }
            #expect(Self.difference(rows, try setting.project("o_proj", sums)) < 1e-5)
        }
    }

    @Test(arguments: [TinyModel.Kind.deepSeekV3, .deepSeekV3WithoutQueryLatent])
    func latentAttentionIsTheTextbooks(_ kind: TinyModel.Kind) throws {
        let tiny = try TinyModel(kind)
        let setting = try Setting(tiny, layer: 1)
        let sizes = try #require(setting.configuration.latent)
        let (x, got) = setting.run(try LatentAttention(setting.weights, setting.configuration, sizes, layer: 1))
        let plain = sizes.plainSize, size = sizes.headSize, rank = sizes.keyValueRank
        // factor 4 and mscale_all_dim 0.7: both the queries' and the keys' share of the scale.
        let magnitude = 0.1 * 0.7 * log(4.0) + 1
        for (sequence, rows) in zip(x, got) {
            let down =
                sizes.queryRank == nil
                ? sequence : try setting.normed("q_a_layernorm", setting.project("q_a_proj", sequence))
            let q = try setting.project(sizes.queryRank == nil ? "q_proj" : "q_b_proj", down)
            let compressed = try setting.project("kv_a_proj_with_mqa", sequence)
            let latent = try setting.normed("kv_a_layernorm", compressed.map { Array($0.prefix(rank)) })
            let rotary = setting.turned(compressed.map { Array($0.dropFirst(rank)) }, interleaved: true)
            let expanded = try setting.project("kv_b_proj", latent)
            var sums = Matrix(repeating: [], count: sequence.count)
            for head in 0..<setting.configuration.headCount {
                let queries = q.map { Array($0[head * size..<(head + 1) * size]) }
                let turned = setting.turned(queries.map { Array($0.dropFirst(plain)) }, interleaved: true)
                let width = plain + sizes.valueSize
                let own = expanded.map { Array($0[head * width..<(head + 1) * width]) }
                let sum = Self.attend(
                    zip(queries, turned).map { Array($0.prefix(plain)) + $1 },
                    zip(own, rotary).map { Array($0.prefix(plain)) + $1 },
                    own.map { Array($0.dropFirst(plain)) }, scale: magnitude * magnitude / Double(size).squareRoot())
                for row in sum.indices { sums[row] += sum[row] }
            }
            #expect(Self.difference(rows, try setting.project("o_proj", sums)) < 1e-5)
        }
    }

    /// One layer's weights, and two sequences of unequal length for it.
    private struct Setting {
        let configuration: ModelConfiguration
        let weights: WeightReader
        let rope: RotaryEmbedding
        let layer: Int

        init(_ tiny: TinyModel, layer: Int) throws {
            self.layer = layer
            configuration = try ModelConfiguration(directory: tiny.folder)
            weights = WeightReader(checkpoint: try Checkpoint(folder: tiny.folder.path)).below("model.layers.\(layer)")
                .below("self_attn")
            rope = RotaryEmbedding(
                configuration.rope, size: configuration.rotarySize,
                isInterleaved: configuration.latent?.isInterleaved ?? false)
        }

        /// Seeded hidden states of two sequences, and what `attention` makes of them in one batch of pages of 4.
        func run(_ attention: some Backbone.Attention) -> (x: [Matrix], result: [Matrix]) {
            var random = RandomGenerator(seed: 3)
            let lengths = [19, 6], size = configuration.hiddenSize
            let x = lengths.map { length in
                (0..<length).map { _ in (0..<size).map { _ in Double(Float(random.normal())) } }
            }
            let caches = lengths.map { _ in
                KVCache(layout: configuration.cacheLayout, windows: configuration.windows, pageSize: 4)
            }
            let batch = Batch(
                zip(caches, lengths).map { ($0, Array(repeating: 0, count: $1)[...]) }, ropes: LayerRopes(configuration)
            )
            let all = x.joined().joined().map { Float($0) }
            let result = attention(Tensor(shape: [25, size], all), batch: batch, layer: layer)
            let rows = (0..<25).map { row in (0..<size).map { Double(result[row, $0]) } }
            return (x, [Array(rows.prefix(19)), Array(rows.suffix(6))])
        }

        func project(_ name: String, _ x: Matrix) throws -> Matrix {
            let weight = try weights.checkpoint.tensor(weights.prefix + name + ".weight"),
                values = try weight.values(as: Double.self)
            let bias = try weights.checkpoint.find(weights.prefix + name + ".bias")?.values(as: Double.self)
            let (outputs, inputs) = (weight.shape[0], weight.shape[1])
            return x.map { row in
                (0..<outputs).map { j in
                    var sum = bias?[j] ?? 0
                    for i in 0..<inputs { sum += row[i] * values[j * inputs + i] }
                    return sum
                }
            }
        }

        func normed(_ name: String, _ x: Matrix, epsilon: Double = 1e-6) throws -> Matrix {
            let weight = try weights.checkpoint.tensor(weights.prefix + name + ".weight").values(as: Double.self)
            return x.map { row in
                let scale = 1 / (row.reduce(0) { $0 + $1 * $1 } / Double(row.count) + epsilon).squareRoot()
                return zip(row, weight).map { $0 * scale * $1 }
            }
        }

        /// Each head through the family's norm of queries or keys, or all at once, where it has one.
        func normedHeads(_ name: String, _ x: Matrix) throws -> Matrix {
            guard configuration.headNorms != .none else { return x }
            let size = configuration.headNorms == .allHeads ? x[0].count : configuration.headSize
            return try x.map { row in
                try stride(from: 0, to: row.count, by: size)
                    .flatMap {
                        try normed(name + "_norm", [Array(row[$0..<$0 + size])], epsilon: configuration.normEpsilon)[0]
                    }
            }
        }

        /// Row p turned as position p, as far as rope turns it; pairs as complex numbers.
        func turned(_ x: Matrix, interleaved: Bool) -> Matrix {
            x.enumerated().map { position, row in
                var y = row
                let half = rope.frequencies.count
                for i in 0..<half {
                    let (first, second) = interleaved ? (2 * i, 2 * i + 1) : (i, i + half)
                    let angle = Double(position) * Double(rope.frequencies[i]), m = Double(rope.magnitude)
                    y[first] = m * (row[first] * cos(angle) - row[second] * sin(angle))
                    y[second] = m * (row[first] * sin(angle) + row[second] * cos(angle))
                }
                return y
            }
        }
    }

    private static func attend(
        _ q: Matrix, _ k: Matrix, _ v: Matrix, scale: Double, window: Int? = nil, sink: Double? = nil
    ) -> Matrix {
        q.indices.map { i in
            let seen = k.indices.filter { $0 <= i && i - $0 < window ?? .max }
            let weights = seen.map { j -> Double in
                var product = 0.0
                for c in q[i].indices { product += q[i][c] * k[j][c] }
                return exp(scale * product)
            }
            let total = weights.reduce(sink.map { exp($0) } ?? 0, +)
            return v[0].indices.map { c in
                var sum = 0.0
                for (j, weight) in zip(seen, weights) { sum += weight / total * v[j][c] }
                return sum
            }
        }
    }

    /// Largest |got − want| / (1 + |want|); infinite where a number is NaN, or shapes differ.
    private static func difference(_ got: Matrix, _ want: Matrix) -> Double {
        guard got.map(\.count) == want.map(\.count), !want.isEmpty else { return .infinity }
        return zip(got.joined(), want.joined()).reduce(0) { worst, pair in
            let error = abs(pair.0 - pair.1) / (1 + abs(pair.1))
            return error <= worst ? worst : error.isNaN ? .infinity : error
        }
    }
}
