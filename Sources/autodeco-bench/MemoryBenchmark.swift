import Backbone
import Foundation
import Terminal

/// `autodeco-bench memory`: the process's peak of resident memory after loading and running a checkpoint, its mapped
/// pages included, over the file's size and the KV cache.
let memoryBenchmark = Command(
    "memory", "Measures the peak memory of loading and running a checkpoint.", flags: [jsonFlag]
) { arguments, console in
    Interruption.watch()
    console.noteKernels()
    let result = try PeakMemory.measure()
    try arguments[jsonFlag] ? console.print(json: result) : console.print(result.text)
}

private struct PeakMemory: Encodable {
    var peak: Int, file: Int, cache: Int
    /// Peak less the cache, over the file.
    var ratio: Double { Double(peak - cache) / Double(file) }

    enum CodingKeys: String, CodingKey {
        case peak = "peak_bytes", file = "file_bytes", cache = "cache_bytes", ratio
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(peak, forKey: .peak)
        try container.encode(file, forKey: .file)
        try container.encode(cache, forKey: .cache)
        try container.encode(ratio, forKey: .ratio)
    }

    static let prompt = 512, steps = 16

    /// The checkpoint is written in small pieces, which the peak does not feel.
    static func measure() throws -> PeakMemory {
        let checkpoint = try RandomCheckpoint(.halfOfLlama1B, layers: ModelShape.halfOfLlama1B.layers)
        let transformer = try checkpoint.transformer(), cache = transformer.makeCache()
        keep(try transformer.advance([(cache, (0..<prompt).map { $0 * 131 })]))
        for step in 0..<steps {
            try Interruption.check()
            keep(transformer.logits(try transformer.advance([(cache, [step])])))
        }
        return PeakMemory(peak: try peakResidentBytes(), file: checkpoint.fileSize, cache: cache.byteCount)
    }

    /// `VmHWM` of this process.
    private static func peakResidentBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let words =
            status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }?.split(whereSeparator: \.isWhitespace) ?? []
        guard words.count > 1, let kilobytes = Int(words[1]) else { throw NoPeakMemory() }
        return 1024 * kilobytes
    }

    var text: String {
        """
        \(Readable.bytes(file)) of BF16 weights, \(Self.prompt) tokens read and \(Self.steps) decoded: \
        peak \(Readable.bytes(peak)), KV cache \(Readable.bytes(cache))
        peak less cache over file: \(String(format: "%.3f", ratio))   bar ≤ 1.15   \(ratio <= 1.15 ? "holds" : "missed")
        """
    }
}

private struct NoPeakMemory: Error, CustomStringConvertible {
    let description = "found no VmHWM in /proc/self/status, expected it as Linux gives it"
}
