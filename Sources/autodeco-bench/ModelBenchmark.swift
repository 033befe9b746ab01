import Backbone
import Decoding
import Foundation
import Generation
import Safetensors
import Tensor
import Terminal

private let folderFlag = Flag.string("model", "DIR", "the language model's folder").required()
private let productsFlag = Flag.choice(
    "precision", ProductPrecision.Choice.allCases.map(\.rawValue), "of the model's matrix products"
).default("auto")
private let widthFlag = Flag.integer("samples", "N", in: 1...4096, "samples in lockstep").default(128)
private let lengthFlag = Flag.integer("tokens", "N", in: 1...4096, "tokens of each of them").default(100)

/// `autodeco-bench model`: one sequence, a long prompt, and many samples in lockstep of a model that is there, in the
/// terms in which `data/scripts/compare_*.py` measure other engines.
let modelBenchmark = Command(
    "model", "Times a model's decoding and reading.",
    flags: [folderFlag, productsFlag, widthFlag, lengthFlag, jsonFlag]
) { arguments, console in
    Interruption.watch()
    console.noteKernels()
    let folder = URL(fileURLWithPath: arguments[folderFlag], isDirectory: true)
    let model = try Transformer(
        directory: folder, precision: ProductPrecision.Choice(rawValue: arguments[productsFlag]) ?? .automatic)
    let rates = try ModelRates.measure(
        model, weights: Transformer.checkpoint(of: folder), samples: arguments[widthFlag],
        length: arguments[lengthFlag], console)
    try arguments[jsonFlag] ? console.print(json: rates) : console.print(rates.text)
}

private struct ModelRates: Encodable {
    var precision: ProductPrecision
    /// Tokens a second: of one sequence; of a prompt of 1,024, without logits but the last, and with all of them; of all
    /// samples together.
    var oneSequence = 0.0, prompt = 0.0, promptWithLogits = 0.0, lockstep = 0.0
    /// Time of a plain sum of the weights' bytes, over that of a step of one sequence; a step of sixteen over the sum.
    var bandwidth = 0.0, batchOverRead = 0.0

    enum CodingKeys: String, CodingKey {
        case precision
        case oneSequence = "one_sequence_tokens_per_s", prompt = "prompt_tokens_per_s"
        case promptWithLogits = "prompt_with_logits_tokens_per_s", lockstep = "lockstep_tokens_per_s"
        case bandwidth = "bandwidth_ratio", batchOverRead = "batch_over_read"
    }

    static let promptTokens = 1024, steps = 100, sequences = 16, rounds = 3

    static func measure(
        _ model: Transformer, weights: any TensorSource, samples: Int, length: Int, _ console: Console
    ) throws -> ModelRates {
        let vocabulary = model.configuration.vocabularySize
        let long = (0..<min(promptTokens, model.configuration.contextLength)).map { 7 * $0 % vocabulary }
        let start = (0..<10).map { 131 * $0 % vocabulary }
        // Tied matrices are read once.
        let streamed = weights.entries.compactMap { $0.shape.count == 2 ? weights.find($0.name) : nil }
        let engine = GenerationEngine(
            model: model, policy: try SamplingPolicy(temperature: 1, topP: 0.95), seed: 1, width: samples,
            endTokens: [])
        var rates = ModelRates(precision: model.precision)
        var read = Double.infinity, step = read, sixteen = read, prompt = read, logits = read, lockstep = read
        let progress = console.progress("rounds", of: rounds)
        defer { progress.finish() }
        for _ in 0..<rounds {
            let one = model.makeCache(), many = (0..<sequences).map { _ in model.makeCache() }
            _ = try model.advance([(one, start)])
            _ = try model.advance(many.map { ($0, start) })
            read = min(read, seconds { keep(sumInParallel(streamed)) })
            // As a decoder that takes the likeliest token: each step with its logits.
            let whole = try seconds {
                for token in 0..<steps {
                    try Interruption.check()
                    keep(model.logits(try model.advance([(one, [token + 11])])))
                }
            }
            step = min(step, whole / Double(steps))
            for token in 0..<8 {
                sixteen = min(
                    sixteen,
                    try seconds { keep(model.logits(try model.advance(many.map { ($0, [token + 11]) }))) })
            }
            var hidden = Tensor<Float>(shape: [0])
            prompt = min(
                prompt,
                try seconds {
                    hidden = try model.advance([(model.makeCache(), long)])
                    keep(model.logits(hidden.selecting(rows: [hidden.rows - 1])))
                })
            logits = min(logits, seconds { keep(model.logits(hidden)) })
            try Interruption.check()
            var count = 0
            lockstep = min(
                lockstep,
                try seconds {
                    let request = GenerationRequest(promptIDs: start, samples: samples, maxTokens: length)
                    count = try engine.generate([request]).joined().reduce(0) { $0 + $1.decisions.count }
                } / Double(samples * length))
            guard count == samples * length else { throw CancellationError() }
            progress.advance()
        }
        rates.oneSequence = 1 / step
        rates.prompt = Double(long.count) / prompt
        rates.promptWithLogits = Double(long.count) / (prompt + logits)
        rates.lockstep = 1 / lockstep
        (rates.bandwidth, rates.batchOverRead) = (read / step, sixteen / read)
        return rates
    }

    var text: String {
        func row(_ name: String, _ format: String, _ value: Double) -> String {
            name.padding(toLength: 52, withPad: " ", startingAt: 0)
                + String(format: format, value).leftPadded(to: 10)
        }
        return """
            products in \(precision.rawValue), \(Readable.count(Parallel.threads)) threads
            \(row("one sequence, tokens/s", "%.1f", oneSequence))
            \(row("a prompt of \(Self.promptTokens) tokens, tokens/s", "%.0f", prompt))
            \(row("the same with the logits of all positions", "%.0f", promptWithLogits))
            \(row("samples in lockstep, tokens/s", "%.0f", lockstep))
            \(row("one sequence over reading the weights' bytes", "%.3f", bandwidth))
            \(row("a step of 16 sequences over reading them", "%.2f", batchOverRead))
            """
    }
}
