import Files
import Foundation
import Safetensors
import Scoring

/// One step in `metrics.jsonl`.
public struct StepRecord: Sendable, Codable, Equatable {
    public var kind = "step"
    /// Steps done, this one included.
    public var step: Int
    public var epoch: Int
    /// What was minimised, a mean over the step's tokens, and its terms.
    public var loss: Double
    public var jointLoss: Double
    public var temperatureLoss: Double
    public var topPLoss: Double
    public var learningRate: Double
    /// Before clipping.
    public var gradientNorm: Double
    /// Tokens of the step's trajectories, and how many of them easy-token masking kept.
    public var tokens: Int
    public var keptTokens: Int
    /// Over the tokens that went through the heads.
    public var meanTemperature: Double
    public var meanTopP: Double
    /// Seconds of the step, and tokens of trajectories a second.
    public var seconds: Double
    public var tokensPerSecond: Double
}

/// One validation in `metrics.jsonl`.
public struct ValidationRecord: Sendable, Codable, Equatable {
    public var kind = "validation"
    /// Steps done.
    public var step: Int
    public var result: ValidationResult
    public var yardsticks: Yardsticks
    /// Whether no earlier validation had a lower loss.
    public var isBest: Bool
}

/// `metrics.jsonl`: a line for each step and validation, written at once.
///
/// A class because it owns an open file; one thread writes.
final class MetricsFile {
    let path: String
    private(set) var steps: [StepRecord] = []
    private(set) var validations: [ValidationRecord] = []
    private let descriptor: Int32
    private let encoder = JSONEncoder()

    private struct Kind: Decodable {
        var kind: String
        var step: Int
    }

    /// Opens the file for a run that goes on: lines of later steps and validations, which an interrupted run has left
    /// and which will come again, go; so does a last line that was cut off.
    ///
    /// - Parameters:
    ///   - lastStep: of the steps that stay.
    ///   - lastValidation: the last step whose validation stays.
    ///
    /// - Throws: ``TrainingError`` or `FileError` where the file cannot be written.
    init(path: String, steps lastStep: Int, validations lastValidation: Int) throws {
        self.path = path
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // By bytes: a line that is not UTF-8 is lost, and no other.
        let bytes = FileManager.default.contents(atPath: path) ?? Data(), decoder = JSONDecoder()
        var kept: [Data] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let data = Data(line)
            guard let record = try? decoder.decodeGuarded(Kind.self, from: data),
                record.step <= (record.kind == "step" ? lastStep : lastValidation)
            else {
                continue
            }
            if record.kind == "step", let record = try? decoder.decodeGuarded(StepRecord.self, from: data) {
                steps.append(record)
            } else if record.kind == "validation",
                let record = try? decoder.decodeGuarded(ValidationRecord.self, from: data)
            {
                validations.append(record)
            } else {
                continue
            }
            kept.append(data)
        }
        try AtomicFile.write(Data(kept.map { $0 + Data("\n".utf8) }.joined()), to: path)
        descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TrainingError(.runFolder, "\(path): cannot be opened: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    func append(_ record: StepRecord) throws {
        steps.append(record)
        try write(record)
    }

    func append(_ record: ValidationRecord) throws {
        validations.append(record)
        try write(record)
    }

    private func write(_ record: some Encodable) throws {
        let line = try encoder.encode(record) + Data("\n".utf8)
        try line.withUnsafeBytes { bytes in
            var rest = bytes
            while let start = rest.baseAddress, !rest.isEmpty {
                let count = Foundation.write(descriptor, start, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    throw TrainingError(.runFolder, "\(path): cannot be written: \(String(cString: strerror(errno)))")
                }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
        }
    }
}
