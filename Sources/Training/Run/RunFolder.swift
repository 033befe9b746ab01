import Files
import Foundation
import Safetensors

/// The folder of a run: what lies where.
public struct RunFolder: Sendable {
    public let url: URL

    public init(_ url: URL) { self.url = url }

    /// All that the run needs to go on.
    public var checkpoint: URL { url.appendingPathComponent(TrainingCheckpoint.name) }
    /// The heads with the lowest validation loss, in the published layout.
    public var heads: URL { url.appendingPathComponent("heads", isDirectory: true) }
    /// One JSON object a line, for each step and each validation.
    public var metrics: URL { url.appendingPathComponent("metrics.jsonl") }
    public var tensorBoard: URL { url.appendingPathComponent("tensorboard", isDirectory: true) }
    public var report: URL { url.appendingPathComponent("report.html") }
    /// The resolved configuration.
    public var configuration: URL { url.appendingPathComponent("config.json") }

    public var hasCheckpoint: Bool { FileManager.default.fileExists(atPath: checkpoint.path) }

    /// Makes the folder and sees that files can be made in it and that the disk has room.
    ///
    /// - Parameter byteCount: what the run will write at least, beside what is there.
    /// - Throws: ``TrainingError`` with the system's reason, or with the room found and needed.
    func prepare(byteCount: Int) throws {
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw TrainingError(
                .runFolder, "\(url.path): the run's folder cannot be made: \(error.localizedDescription)")
        }
        let probe = url.appendingPathComponent(".writable-\(ProcessInfo.processInfo.processIdentifier)").path
        do {
            try AtomicFile.write(Data("x".utf8), to: probe)
            try FileManager.default.removeItem(atPath: probe)
        } catch {
            throw TrainingError(.runFolder, "\(url.path): the run's folder cannot be written: \(error)")
        }
        var status = statvfs()
        guard statvfs(url.path, &status) == 0 else { return }
        let room = Int(status.f_bavail) * Int(status.f_frsize)
        guard room >= byteCount else {
            throw TrainingError(
                .runFolder,
                "\(url.path): the disk has room for \(room) bytes, expected at least "
                    + "\(byteCount) for checkpoints and heads"
            )
        }
        removeLeftovers()
    }

    /// Removes what an interrupted run has left half-written.
    private func removeLeftovers() {
        for folder in [url, heads] {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
            where name.hasPrefix(".") && name.hasSuffix(".partial") {
                try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
            }
        }
    }
}
