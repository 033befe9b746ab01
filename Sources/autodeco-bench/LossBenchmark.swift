import AutoDecoHeads
import Foundation
import LogitSketches
import Tensor
import Terminal

let jsonFlag = Flag.switch("json", "print one JSON object")

/// `autodeco-bench loss`: an exponential pass, the exact and the sketched fused pass, and building a sketch, in
/// microseconds a token on one core at V = 151,936.
let lossBenchmark = Command("loss", "Times the fused losses against an exponential pass.", flags: [jsonFlag]) {
    arguments, console in
    console.noteKernels()
    let result = Parallel.$threads.withValue(1) { LossTimes.measure() }
    try arguments[jsonFlag] ? console.print(json: result) : console.print(result.text)
}

private struct LossTimes: Encodable {
    var exponential: Double
    var exact: Double
    var sketch: Double
    var build: Double

    enum CodingKeys: String, CodingKey {
        case exponential = "exp_us"
        case exact = "exact_us"
        case sketch = "sketch_us"
        case build = "build_us"
    }

    static let V = 151_936

    /// One row as a model gives it, a normal bulk of standard deviation 2.5 and some raised tokens, at several T and P.
    ///
    /// One row stays in a core's cache, as it does when a model's last product has just written it.
    static func measure() -> LossTimes {
        var random = RandomGenerator(seed: 1)
        var row = (0..<V).map { _ in Float(2.5 * random.normal()) }
        for _ in 0..<30 { row[Int(random.next() % UInt64(V))] += Float(random.uniform(in: 4..<22)) }
        let logits = Tensor<Float>(shape: [1, V], row), largest = row.max() ?? 0
        let label = row.firstIndex(of: row.sorted(by: >)[3]) ?? 0, constants = LossConstants()
        let builder = SketchBuilder<Float>(vocabularySize: V)
        func sketch() -> LogitSketch<Float> {
            sound { try row.withUnsafeBufferPointer { try builder.sketch(of: $0, label: label, row: 0) } }
        }
        // A sketch is timed over as many tokens as stay in cache.
        let count = 256, one = sketch()
        let sorted = sound { try SortedRows(logits: logits, labels: [label]) }
        let sketches = sound {
            try LogitSketches(Array(repeating: one, count: count), vocabularySize: V, shape: .standard)
        }
        let T = (0..<count).map { _ in Float(random.uniform(in: 0.3..<2)) },
            P = (0..<count).map { _ in Float(random.uniform(in: 0.05..<0.999)) }
        let temperatures = Tensor(shape: [count, 1], T), topPs = Tensor(shape: [count, 1], P), points = 16

        let times = Stopwatch.fastest(
            rounds: 60,
            jobs: [
                { for i in 0..<points { sink += exponentialSum(row, largest: largest, scale: 1 / T[i]) } },
                {
                    for i in 0..<points {
                        let t = Tensor(shape: [1, 1], [T[i]]), p = Tensor(shape: [1, 1], [P[i]])
                        sink += sorted.lossesAndFeatures(temperature: t, topP: p, constants: constants).losses.joint[0]
                    }
                },
                {
                    sink +=
                        sketches.lossesAndFeatures(temperature: temperatures, topP: topPs, constants: constants).losses
                        .joint[0]
                },
                { for _ in 0..<4 { sink += sketch().tailMean[0] } },
            ])
        return LossTimes(
            exponential: times[0] * 1e6 / Double(points), exact: times[1] * 1e6 / Double(points),
            sketch: times[2] * 1e6 / Double(count),
            build: times[3] * 1e6 / 4)
    }

    /// The benchmark's own rows are sound; an error would be a mistake of this program.
    private static func sound<Result>(_ body: () throws -> Result) -> Result {
        do { return try body() } catch { fatalError("\(error)") }
    }

    var text: String {
        func row(_ name: String, _ time: Double, _ bound: String) -> String {
            "\(name.padding(toLength: 34, withPad: " ", startingAt: 0))"
                + String(format: "%9.2f   %7.3f   ", time, time / exponential) + bound
        }
        return """
            V = \(Readable.count(Self.V)), one core             µs a token    ratio   bar
            \(row("exponential pass", exponential, ""))
            \(row("fused exact losses and features", exact, "≤ 3"))
            \(row("fused sketched losses and features", sketch, "≤ 0.05"))
            \(row("building a sketch", build, "≤ 20"))
            """
    }
}

/// Keeps results from being optimised away.
nonisolated(unsafe) private var sink: Float = 0

/// Σ e^((l − l₀)/T) of one row, and nothing else: the yardstick.
private func exponentialSum(_ logits: [Float], largest: Float, scale: Float) -> Float {
    logits.withUnsafeBufferPointer { l in
        var lanes = SIMD16<Float>()
        exponentialLanes(l.baseAddress!, l.count / 16, largest, scale * 1.442_695, &lanes)
        return laneSum(lanes)
    }
}

@inline(never)
private func exponentialLanes(
    _ l: UnsafePointer<Float>, _ vectors: Int, _ largest: Float, _ scale: Float, _ result: inout SIMD16<Float>
) {
    var a = SIMD16<Float>(repeating: 0), b = a
    let scale = SIMD16<Float>(repeating: scale), largest = SIMD16<Float>(repeating: largest)
    var i = 0
    while i + 2 <= vectors {
        a += Float.exponentialBase2NotAboveOne((loadVector(l + 16 * i) - largest) * scale)
        b += Float.exponentialBase2NotAboveOne((loadVector(l + 16 * i + 16) - largest) * scale)
        i += 2
    }
    result = a + b
}
