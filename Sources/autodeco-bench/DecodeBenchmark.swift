import AutoDecoHeads
import Backbone
import COpenBLAS
import Decoding
import Foundation
import Safetensors
import Tensor
import Terminal

private let tableFlag = Flag.switch("table", "print FLOPs, memory and latency for prompts of 1k to 24k tokens instead")

/// `autodeco-bench decode`: how near the backbone comes to what OpenBLAS and the memory allow, and what the heads cost, at
/// Qwen2-7B's shape.
let decodeBenchmark = Command(
    "decode", "Times the backbone and the heads at Qwen2-7B's shape.", flags: [jsonFlag, tableFlag]
) { arguments, console in
    Interruption.watch()
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
        heads = HeadsPolicy(heads: AutoDecoHeads(configuration: HeadsConfiguration(hiddenSize: shape.hidden), random: &random))
    }
}

private struct DecodeRatios: Encodable {
    /// Bare OpenBLAS's time of a layer's products with 512 rows, over the whole layer's, attention and norms included.
    var teacherForced: Double
    /// The same over the layer's products alone.
    var products: Double
    /// Time of a plain sum of the weights' bytes, over that of a step which reads them.
    var bandwidth: Double
    /// Tokens a second of sixteen sequences in lockstep, over those of one.
    var batchSpeedup: Double
    /// What sampling, features and heads add to a step, relative to it: from whole steps, and timed by themselves.
    var headsOverhead: Double, directOverhead: Double
    /// Seconds of a bare step of one sequence.
    var step: Double
    /// Bytes of weights that a step reads.
    var stepBytes: Int

    enum CodingKeys: String, CodingKey {
        case teacherForced = "teacher_forced_ratio"
        case bandwidth = "bandwidth_ratio"
        case batchSpeedup = "batch_speedup"
        case headsOverhead = "heads_overhead"
    }

    static let rows = 512, sequences = 16

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(teacherForced, forKey: .teacherForced)
        try container.encode(bandwidth, forKey: .bandwidth)
        try container.encode(batchSpeedup, forKey: .batchSpeedup)
        try container.encode(headsOverhead, forKey: .headsOverhead)
    }

    static func measure(_ checkpoint: RandomCheckpoint, _ console: Console) throws -> DecodeRatios {
        let layer = try measureLayer(checkpoint, console), decoding = try measureDecoding(checkpoint, console)
        return DecodeRatios(
            teacherForced: layer.bare / layer.whole, products: layer.bare / layer.products, bandwidth: decoding.read / decoding.bare,
            batchSpeedup: Double(sequences) * decoding.bare / decoding.lockstep,
            headsOverhead: decoding.withHeads / decoding.bare - 1, directOverhead: decoding.policy / decoding.bare,
            step: decoding.bare, stepBytes: decoding.bytes)
    }

    /// Seconds of one layer with 512 rows: all of it, its products, and the products by OpenBLAS on weights that are Float already.
    private static func measureLayer(
        _ checkpoint: RandomCheckpoint, _ console: Console
    ) throws -> (whole: Double, products: Double, bare: Double) {
        let transformer = try checkpoint.transformer(repeatingFirstLayer: 1)
        let tokens = (0..<rows).map { $0 * 131 }
        let file = try Checkpoint(folder: checkpoint.folder.path)
        var random = RandomGenerator(seed: 3)
        let matrices = try checkpoint.shape.matrices.map { matrix in
            let stored = try file.tensor("\(ModelShape.layerPrefix(0))\(matrix.name).weight")
            return (
                weights: try WeightMatrix(stored),
                floats: try Tensor<Float>(shape: stored.shape) { try stored.copy(0..<stored.count, into: $0) },
                x: Tensor<Float>(shape: [rows, matrix.inputs], (0..<rows * matrix.inputs).map { _ in Float(random.normal()) })
            )
        }
        let rounds = 4, progress = console.progress("layer", of: rounds)
        defer { progress.finish() }
        var whole = Double.infinity, products = whole, bare = whole
        for _ in 0..<rounds {
            try Interruption.check()
            whole = min(whole, try seconds { keep(try transformer.hidden([tokens])) })
            products = min(products, seconds { for m in matrices { keep(m.weights.product(m.x)) } })
            bare = min(bare, seconds { for m in matrices { keep(Tensor.product(m.x.matrix, m.floats.matrix.transposed)) } })
            progress.advance()
        }
        return (whole, products, bare)
    }

    /// Seconds of steps through all layers, in turn: reading the bytes, one sequence bare and with heads, sixteen sequences.
    private static func measureDecoding(
        _ checkpoint: RandomCheckpoint, _ console: Console
    ) throws -> (read: Double, bare: Double, withHeads: Double, policy: Double, lockstep: Double, bytes: Int) {
        let shape = checkpoint.shape, file = try Checkpoint(folder: checkpoint.folder.path)
        let transformer = try checkpoint.transformer(repeatingFirstLayer: shape.layers)
        let layer = try shape.matrices.map { try file.tensor("\(ModelShape.layerPrefix(0))\($0.name).weight") }
        let streamed = (0..<shape.layers).flatMap { _ in layer } + [try file.tensor("model.embed_tokens.weight")]
        let policy = try BenchmarkPolicies(shape).heads
        var random = [RandomGenerator(seed: 4)]
        let one = transformer.makeCache(), many = (0..<sequences).map { _ in transformer.makeCache() }
        var token = 1, policyTimes: [Double] = []

        func bareStep() throws { keep(transformer.logits(try transformer.advance([(one, [7])]))) }
        func stepWithHeads() throws {
            let hidden = try transformer.advance([(one, [token])]), logits = transformer.logits(hidden)
            policyTimes.append(try seconds { token = try policy.choose(hidden: hidden, logits: logits, random: &random)[0].token })
        }
        func lockstep() throws { keep(transformer.logits(try transformer.advance(many.enumerated().map { ($1, [7 + $0]) }))) }

        let rounds = 6, pairs = 5, progress = console.progress("steps", of: rounds)
        defer { progress.finish() }
        try stepWithHeads()  // Maps the pages.
        policyTimes = []
        var read = Double.infinity, bare = read, withHeads = read, many16 = read
        for _ in 0..<rounds {
            read = min(read, seconds { sink &+= sumInParallel(streamed) })
            for pair in 0..<pairs {
                try Interruption.check()
                // Each goes first in every other pair.
                if pair % 2 == 0 { bare = min(bare, try seconds(bareStep)) }
                withHeads = min(withHeads, try seconds(stepWithHeads))
                if pair % 2 == 1 { bare = min(bare, try seconds(bareStep)) }
            }
            many16 = min(many16, try seconds(lockstep))
            progress.advance()
        }
        let direct = policyTimes.sorted()[policyTimes.count / 2]
        return (read, bare, withHeads, direct, many16, streamed.reduce(0) { $0 + $1.bytes.count })
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
            Qwen2-7B's shape, BF16, \(Readable.count(Parallel.threads)) threads, OpenBLAS for \(openBLASCore)
            \(note("", "measured"))   bar
            \(row("a layer with 512 rows over OpenBLAS on Float weights", ratio(teacherForced), "≥ 0.7", teacherForced >= 0.7))
            \(row("one sequence over reading its weights' bytes", ratio(bandwidth), "≥ 0.7", bandwidth >= 0.7))
            \(row("tokens a second of 16 sequences over one", String(format: "%.2f", batchSpeedup), "≥ 6", batchSpeedup >= 6))
            \(row("sampling, features and heads over a bare step", percent(headsOverhead), "≤ 2 %", headsOverhead <= 0.02))

            \(note("the layer's products alone over OpenBLAS", ratio(products)))
            \(note("sampling, features and heads, timed by themselves", percent(directOverhead)))
            \(note("one step of one sequence", Readable.duration(step)))
            \(note("weights that it reads a second", Readable.bytes(Int(Double(stepBytes) / step))))
            """
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

nonisolated(unsafe) private var sink = 0

extension String {
    func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
