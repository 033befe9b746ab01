import Decoding
import Files
import Foundation
import Safetensors
import Terminal

/// One JSON line a token. The file appears when all of it is there, also after an interruption.
final class TraceFile {
    private let file: AtomicFile
    private let namesSamples: Bool
    private var buffer = ""

    /// - Parameter namesSamples: whether each line says which sample it belongs to.
    init(path: String, namesSamples: Bool) throws {
        // A device or a pipe would be replaced, not written.
        let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
        guard type == nil || type == .typeRegular else {
            throw InputError("\(path): is not a regular file, which a trace needs")
        }
        self.namesSamples = namesSamples
        file = try AtomicFile(path: path)
    }

    func write(_ decision: Decision, text: String, sample: Int) throws {
        buffer += try jsonText(TraceLine(decision, text: text, sample: namesSamples ? sample : nil)) + "\n"
        if buffer.utf8.count > 1 << 16 { try flush() }
    }

    func commit() throws {
        try flush()
        try file.commit()
    }

    private func flush() throws {
        try buffer.withUTF8 { try file.write(UnsafeRawBufferPointer($0)) }
        buffer = ""
    }
}

private struct TraceLine: Encodable {
    var text: String
    var id: Int
    var temperature: Double
    var topP: Double
    var nucleusSize: Int
    var entropy: Double
    var probability: Double
    var sample: Int?

    enum CodingKeys: String, CodingKey {
        case text, id, temperature, entropy, probability, sample
        case topP = "top_p"
        case nucleusSize = "nucleus_size"
    }

    init(_ decision: Decision, text: String, sample: Int?) {
        (self.text, id, self.sample) = (text, decision.token, sample)
        (temperature, topP, nucleusSize) = (decision.temperature, decision.topP, decision.nucleusSize)
        (entropy, probability) = (decision.entropy, decision.probability)
    }
}
