import Foundation
import Reports

/// The run's curves for TensorBoard.
final class EventFiles {
    private let writer: TensorBoardWriter

    /// - Parameter step: the first step that a resumed run will log.
    init(folder: String, resumingAt step: Int?) throws {
        // Curves of an earlier run in the same folder are not this run's: they are set aside, not mixed and not
        // deleted.
        if step == nil { try Self.setAside(folder) }
        writer = try TensorBoardWriter(folder: folder, wallTime: Self.now, resumingAt: step)
    }

    /// Renames a folder that holds event files to the first free name of `tensorboard-1`, `tensorboard-2`, ….
    private static func setAside(_ folder: String) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        guard names.contains(where: { $0.hasPrefix("events.out.tfevents.") }) else { return }
        var number = 1
        while FileManager.default.fileExists(atPath: "\(folder)-\(number)") { number += 1 }
        do { try FileManager.default.moveItem(atPath: folder, toPath: "\(folder)-\(number)") } catch {
            throw TrainingError(.runFolder, "\(folder): holds an earlier run's curves and cannot be renamed: \(error)")
        }
    }

    private static var now: Double { Date().timeIntervalSince1970 }

    func add(_ record: StepRecord) throws {
        let scalars = [
            ("loss/training", record.loss), ("learning_rate", record.learningRate),
            ("gradient_norm", record.gradientNorm),
            ("temperature/mean", record.meanTemperature), ("top_p/mean", record.meanTopP),
            ("tokens_per_second", record.tokensPerSecond),
        ]
        let now = Self.now
        for (tag, value) in scalars { try writer.scalar(tag, value, step: record.step, wallTime: now) }
    }

    func add(_ record: ValidationRecord) throws {
        let scalars = [
            ("loss/validation", record.result.loss), ("loss/default_sampling", record.yardsticks.defaultSampling.loss),
            ("loss/best_constant_pair", record.yardsticks.bestConstant.loss),
        ]
        let now = Self.now
        for (tag, value) in scalars { try writer.scalar(tag, value, step: record.step, wallTime: now) }
        try writer.histogram("temperature", record.result.temperature, step: record.step, wallTime: now)
        try writer.histogram("top_p", record.result.topP, step: record.step, wallTime: now)
    }

    func close() throws { try writer.close() }
}
