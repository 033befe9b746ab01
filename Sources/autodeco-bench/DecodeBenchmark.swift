import WeightMatrices
import AutoDecoHeads
import Backbone
import COpenBLAS
import Decoding
import Foundation
import Safetensors
import Tensor
import Terminal

private let tableFlag = Flag.switch("table", "print FLOPs, memory and latency for prompts of 1k to 24k tokens instead")

/// `autodeco-bench decode`: how near the backbone comes to what OpenBLAS and the memory allow, and what the heads cost,
/// at Qwen2-7B's shape.
let decodeBenchmark = Command(
    "decode", "Times the backbone and the heads at Qwen2-7B's shape.", flags: [jsonFlag, tableFlag]
) { arguments, console in
    Interruption.watch()
    console.noteKernels()
    let checkpoint = try RandomCheckpoint(.qwen2With7B, layers: 1)
    if arguments[tableFlag] {
        let table = try DecodeTable.measure(checkpoint)
        try arguments[jsonFlag] ? console.print(json: table.columns) : console.print(table.text)
    } else {
        let result = try DecodeRatios.measure(checkpoint, console)
        try arguments[jsonFlag] ? console.print(json: result) : console.print(result.text)
    }
}

/// Two policies to hold against each other: knobs set by hand, and fresh heads with all features and the hard filter.
struct BenchmarkPolicies {
    let sampling: SamplingPolicy
    let heads: HeadsPolicy

    init(_ shape: ModelShape) throws {
        sampling = try SamplingPolicy(temperature: 0.8, topP: 0.95)
        var random = RandomGenerator(seed: 2)
        heads = HeadsPolicy(
            heads: AutoDecoHeads(configuration: HeadsConfiguration(hiddenSize: shape.hidden), random: &random))
    }
}

private struct DecodeRatios: Encodable {
    /// Bare OpenBLAS's time of a layer's products with 512 rows, over ours in Float and in BF16.
    var teacherForced: Double, bf16TeacherForced: Double
    /// Time of logits of 128 rows by Float products, over that by BF16 products.
    var logitsSpeedup: Double
    /// The same over the whole layer's, attention and norms included.
    var wholeLayer: Double
    /// Time of a plain sum of the weights' bytes, over that of a step which reads them.
    var bandwidth: Double
    /// Tokens a second of sixteen sequences in lockstep, over those of one.
    var batchSpeedup: Double
    /// Time of a step of sixteen sequences, over that of a plain sum of the weights' bytes.
    var batchOverRead: Double
    /// What sampling, features and heads add to a step, relative to it: from steps with and without, and timed by
    /// themselves.
    var headsOverhead: Double, directOverhead: Double
    /// Seconds of a bare step of one sequence.
    var step: Double
    /// Bytes of weights that a step reads.
    var stepBytes: Int

    enum CodingKeys: String, CodingKey {
        case teacherForced = "teacher_forced_ratio"
        case bf16TeacherForced = "bf16_teacher_forced_ratio"
        case logitsSpeedup = "bf16_logits_speedup"
        case bandwidth = "bandwidth_ratio"
        case batchSpeedup = "batch_speedup"
        case batchOverRead = "batch_over_read"
        case headsOverhead = "heads_overhead"
    }

    static let rows = 512, logitRows = 128, sequences = 16
    /// Layers that steps go through: with a second copy of their weights, all 28 would not fit in many a memory.
    static let steppedLayers = 6

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(teacherForced, forKey: .teacherForced)
        try container.encode(bf16TeacherForced, forKey: .bf16TeacherForced)
        try container.encode(logitsSpeedup, forKey: .logitsSpeedup)
        try container.encode(bandwidth, forKey: .bandwidth)
        try container.encode(batchSpeedup, forKey: .batchSpeedup)
        try container.encode(batchOverRead, forKey: .batchOverRead)
        try container.encode(headsOverhead, forKey: .headsOverhead)
    }

    static func measure(_ checkpoint: RandomCheckpoint, _ console: Console) throws -> DecodeRatios {
        let layer = try measureLayer(checkpoint, console), policy = try measurePolicy(checkpoint, console)
        let decoding = try measureDecoding(checkpoint, console), logits = try measureLogits(checkpoint, console)
        return DecodeRatios(
            teacherForced: layer.bare / layer.products, bf16TeacherForced: layer.bare / layer.bf16,
            logitsSpeedup: logits.float / logits.bf16, wholeLayer: layer.bare / layer.whole,
            bandwidth: decoding.read / decoding.bare,
            batchSpeedup: Double(sequences) * decoding.bare / decoding.lockstep,
            batchOverRead: decoding.lockstep / decoding.read,
            headsOverhead: policy.added / decoding.bare, directOverhead: policy.direct / decoding.bare,
            step: decoding.bare, stepBytes: decoding.bytes)
    }

    /// Seconds of one layer with 512 rows: all of it, its products in Float and in BF16, and the products by OpenBLAS on
    /// weights that are Float already.
    private static func measureLayer(
        _ checkpoint: RandomCheckpoint, _ console: Console
    ) throws -> (whole: Double, products: Double, bf16: Double, bare: Double) {
        let transformer = try checkpoint.transformer(repeatingFirstLayer: 1)
        let tokens = (0..<rows).map { $0 * 131 }
        let file = try Checkpoint(folder: checkpoint.folder.path)
        var random = RandomGenerator(seed: 3)
        let matrices = try checkpoint.shape.matrices.map { matrix in
            let stored = try file.tensor("\(ModelShape.layerPrefix(0))\(matrix.name).weight")
            return (
                weights: try WeightMatrix(stored), panels: try WeightMatrix(stored).packedInPanels(),
                floats: try Tensor<Float>(shape: stored.shape) { try stored.copy(0..<stored.count, into: $0) },
                x: Tensor<Float>(
                    shape: [rows, matrix.inputs], (0..<rows * matrix.inputs).map { _ in Float(random.normal()) })
            )
        }
        let rounds = 4, progress = console.progress("layer", of: rounds)
        defer { progress.finish() }
        var whole = Double.infinity, products = whole, bf16 = whole, bare = whole
        let start = DispatchTime.now().uptimeNanoseconds
        for round in 0..<rounds {
            // Where OpenBLAS does not know the processor a round takes long; two of them will do.
            if round > 1, DispatchTime.now().uptimeNanoseconds - start > 60_000_000_000 { break }
            try Interruption.check()
            whole = min(whole, try seconds { keep(try transformer.hidden([tokens])) })
            products = min(products, seconds { for m in matrices { keep(m.weights.product(m.x)) } })
            bf16 = min(bf16, seconds { for m in matrices { keep(m.panels.product(m.x)) } })
            // OpenBLAS on its own threads, or on ours: the faster way is the yardstick.
            bare = min(
                bare, seconds { for m in matrices { keep(Tensor.product(m.x.matrix, m.floats.matrix.transposed)) } })
            openblas_set_num_threads(Int32(Parallel.threads))
            bare = min(bare, seconds { for m in matrices { keep(bareProduct(m.x, m.floats)) } })
            openblas_set_num_threads(1)
            progress.advance()
        }
        return (whole, products, bf16, bare)
    }

    /// Seconds of logits of 128 rows.
    private static func measureLogits(
        _ checkpoint: RandomCheckpoint, _ console: Console
    ) throws -> (float: Double, bf16: Double) {
        let weights = try WeightMatrix(Checkpoint(folder: checkpoint.folder.path).tensor("model.embed_tokens.weight"))
        let panels = weights.packedInPanels()
        var random = RandomGenerator(seed: 6)
        let x = Tensor<Float>(
            shape: [logitRows, weights.columns],
            (0..<logitRows * weights.columns).map { _ in Float(random.normal()) })
        let rounds = 5, progress = console.progress("logits", of: rounds)
        defer { progress.finish() }
        var float = Double.infinity, bf16 = float
        for _ in 0..<rounds {
            try Interruption.check()
            float = min(float, seconds { keep(weights.product(x)) })
            bf16 = min(bf16, seconds { keep(panels.product(x)) })
            progress.advance()
        }
        return (float, bf16)
    }

    /// Seconds of steps through all layers, in turn: reading the bytes, one sequence, sixteen sequences.
    private static func measureDecoding(
        _ checkpoint: RandomCheckpoint, _ console: Console
    ) throws -> (read: Double, bare: Double, lockstep: Double, bytes: Int) {
        let shape = checkpoint.shape, file = try Checkpoint(folder: checkpoint.folder.path)
        let transformer = try checkpoint.transformer(repeatingFirstLayer: steppedLayers, precision: .automatic)
        let layer = try shape.matrices.map { try file.tensor("\(ModelShape.layerPrefix(0))\($0.name).weight") }
        let streamed = (0..<steppedLayers).flatMap { _ in layer } + [try file.tensor("model.embed_tokens.weight")]
        let one = transformer.makeCache(), many = (0..<sequences).map { _ in transformer.makeCache() }
        let rounds = 7, progress = console.progress("steps", of: rounds)
        defer { progress.finish() }
        var read = Double.infinity, bare = read, lockstep = read
        for _ in 0..<rounds {
            for _ in 0..<2 {
                try Interruption.check()
                read = min(read, seconds { sink &+= sumInParallel(streamed) })
                bare = min(bare, try seconds { keep(transformer.logits(try transformer.advance([(one, [7])]))) })
            }
            let steps = many.enumerated().map { (cache: $1, tokens: [7 + $0]) }
            lockstep = min(lockstep, try seconds { keep(transformer.logits(try transformer.advance(steps))) })
            progress.advance()
        }
        return (read, bare, lockstep, streamed.reduce(0) { $0 + $1.bytes.count })
    }

    /// Seconds that sampling, features and heads add to a step, from steps with and without them in turn, and by
    /// themselves.
    ///
    /// The steps go through one layer: what a policy adds does not depend on how many there are, and it stands out from
    /// the noise of a shorter step.
    private static func measurePolicy(
        _ checkpoint: RandomCheckpoint, _ console: Console
    ) throws -> (added: Double, direct: Double) {
        let transformer = try checkpoint.transformer(repeatingFirstLayer: 1),
            policy = try BenchmarkPolicies(checkpoint.shape).heads
        let bareCache = transformer.makeCache(), cache = transformer.makeCache()
        var random = [RandomGenerator(seed: 4)], token = 1
        let pairs = 100, progress = console.progress("policy", of: pairs)
        defer { progress.finish() }
        var bare = Double.infinity, withHeads = bare, direct = bare
        func bareStep() throws {
            bare = min(bare, try seconds { keep(transformer.logits(try transformer.advance([(bareCache, [7])]))) })
        }
        func stepWithHeads() throws {
            withHeads = min(
                withHeads,
                try seconds {
                    let hidden = try transformer.advance([(cache, [token])]), logits = transformer.logits(hidden)
                    direct = min(
                        direct,
                        try seconds {
                            token = try policy.choose(hidden: hidden, logits: logits, random: &random)[0].token
                        })
                })
        }
        for pair in 0..<pairs {
            try Interruption.check()
            // Each goes first in every other pair.
            if pair % 2 == 0 { try bareStep() }
            try stepWithHeads()
            if pair % 2 == 1 { try bareStep() }
            progress.advance()
        }
        return (withHeads - bare, direct)
    }

    var text: String {
        func row(_ name: String, _ value: String, _ bar: String, _ holds: Bool) -> String {
            name.padding(toLength: 52, withPad: " ", startingAt: 0) + value.leftPadded(to: 8) + "   "
                + bar.padding(toLength: 8, withPad: " ", startingAt: 0) + (holds ? "holds" : "missed")
        }
        func note(_ name: String, _ value: String) -> String {
            name.padding(toLength: 52, withPad: " ", startingAt: 0) + value.leftPadded(to: 8)
        }
        func ratio(_ x: Double) -> String { String(format: "%.3f", x) }
        func percent(_ x: Double) -> String { String(format: "%.2f %%", 100 * x) }
        return """
            Qwen2-7B's shape, steps through \(Self.steppedLayers) layers, \(Readable.count(Parallel.threads)) threads, OpenBLAS for \(openBLASCore)
            \(note("", "measured"))   bar
            \(row("a layer's products, 512 rows, over bare OpenBLAS", ratio(teacherForced), "≥ 0.7", teacherForced >= 0.7))
            \(row("the same in BF16", ratio(bf16TeacherForced), "≥ 1.8 ×", bf16TeacherForced >= 1.8 * teacherForced))
            \(row("logits of 128 rows, BF16 over Float", ratio(logitsSpeedup), "≥ 3", logitsSpeedup >= 3))
            \(row("one sequence over reading its weights' bytes", ratio(bandwidth), "≥ 0.8", bandwidth >= 0.8))
            \(row("tokens a second of 16 sequences over one", String(format: "%.2f", batchSpeedup), "≥ 6", batchSpeedup >= 6))
            \(row("a step of 16 sequences over reading the weights", ratio(batchOverRead), "≤ 2.2", batchOverRead <= 2.2))
            \(row("sampling, features and heads over a bare step", percent(headsOverhead), "≤ 2 %", headsOverhead <= 0.02))

            \(note("the whole layer, attention too, over bare OpenBLAS", ratio(wholeLayer)))
            \(note("sampling, features and heads, timed by themselves", percent(directOverhead)))
            \(note("one step of one sequence", Readable.duration(step)))
            \(note("weights that it reads a second", Readable.bytes(Int(Double(stepBytes) / step))))
            """
    }
}

/// x·Wᵀ by a plain call.
private func bareProduct(_ x: Tensor<Float>, _ weights: Tensor<Float>) -> Tensor<Float> {
    Tensor(shape: [x.rows, weights.rows]) { y in
        x.withUnsafeBufferPointer { x in
            weights.withUnsafeBufferPointer { w in
                let m = blasint(y.count * weights.columns / w.count), n = blasint(weights.rows),
                    k = blasint(weights.columns)
                cblas_sgemm(
                    CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, x.baseAddress, k, w.baseAddress, k, 0,
                    y.baseAddress, n)
            }
        }
    }
}

/// The processor that OpenBLAS took this one for, which decides how fast its products are.
var openBLASCore: String { openblas_get_corename().map { String(cString: $0) } ?? "an unknown core" }

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
}

/// Takes a result, so that the compiler cannot leave out the work behind it.
func keep(_ result: Tensor<Float>) { sink &+= Int(result[0].bitPattern) }

func keep(_ result: Int) { sink &+= result }

nonisolated(unsafe) private var sink = 0

extension String {
    func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
