import Foundation

/// Writes an event file that TensorBoard reads, one record a call.
///
///     let writer = try TensorBoardWriter(folder: "run/tensorboard", wallTime: now)
///     try writer.scalar("loss/training", 0.71, step: 10, wallTime: now)
///     try writer.histogram("temperature", Histogram(of: temperatures, range: 0...2), step: 10, wallTime: now)
///     try writer.close()
///
/// A resumed run gets a new file, as TensorBoard expects. Its second record starts a session at the resumed step,
/// and TensorBoard then forgets what older files of the folder say about this step and later ones: steps that were
/// logged but not saved before an interruption are not shown twice. Older files are never touched.
///
/// Times are passed in, in seconds since 1970. Every record is on its way to the disk when a call returns, so that a
/// run that is killed loses at most the record being written; readers take a file that ends within a record as it
/// stands.
///
/// A class because it owns an open file. Not `Sendable`: one thread writes.
public final class TensorBoardWriter {
    /// `events.out.tfevents.<seconds>.autodeco` in the folder. TensorBoard reads a folder's files in the order of
    /// their names, so the seconds are later than those of every file already there, whatever the clock says.
    public let path: String
    private var file: Int32

    /// Creates the folder where needed, and a file with its first record.
    ///
    /// - Parameters:
    ///   - wallTime: now, in seconds since 1970; at least 0.
    ///   - step: where a resumed run goes on: the first step that it will log; nil for a new run.
    /// - Throws: `ReportsError` where folder or file cannot be made or written.
    public init(folder: String, wallTime: Double, resumingAt step: Int? = nil) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw ReportsError(folder, "the folder for TensorBoard's event files cannot be made")
        }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw ReportsError(folder, "the folder for TensorBoard's event files cannot be read")
        }
        let latest = names.compactMap(Self.seconds).max() ?? -1
        let seconds = max(Int(min(max(wallTime, 0), 9_999_999_999)), latest + 1)
        let digits = String(seconds)
        let padded = String(repeating: "0", count: max(10 - digits.count, 0)) + digits
        path = folder + "/" + Self.prefix + padded + ".autodeco"
        file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw ReportsError.system(path, "the event file cannot be made") }
        try append(Event.fileVersion(wallTime: wallTime))
        if let step { try append(Event.sessionStart(step: step, wallTime: wallTime)) }
    }

    deinit {
        if file >= 0 { Foundation.close(file) }
    }

    /// One point of a curve.
    ///
    /// - Parameters:
    ///   - tag: name of the curve; a slash groups curves.
    ///   - value: kept in single precision; NaN and infinities are kept too, and TensorBoard marks them.
    ///   - wallTime: seconds since 1970.
    public func scalar(_ tag: String, _ value: Double, step: Int, wallTime: Double) throws {
        try append(Event.scalar(tag, Float(value), step: step, wallTime: wallTime))
    }

    /// One slice of a histogram over time; the histogram's bins become TensorBoard's buckets.
    public func histogram(_ tag: String, _ histogram: Histogram, step: Int, wallTime: Double) throws {
        try append(Event.histogram(tag, histogram, step: step, wallTime: wallTime))
    }

    /// Flushes to the disk and closes; calls after it throw.
    public func close() throws {
        guard file >= 0 else { return }
        let flushed = fsync(file)
        let failure = errno
        Foundation.close(file)
        file = -1
        // A pipe or another file system without fsync is no failure.
        guard flushed == 0 || failure == EINVAL else {
            errno = failure
            throw ReportsError.system(path, "the event file cannot be flushed")
        }
    }

    private func append(_ event: ProtocolBuffer) throws {
        guard file >= 0 else { throw ReportsError(path, "the event file is closed") }
        let record = event.record
        var written = 0
        while written < record.count {
            let count = record.withUnsafeBytes { write(file, $0.baseAddress! + written, record.count - written) }
            if count < 0 {
                if errno == EINTR { continue }
                throw ReportsError.system(path, "the event file cannot be written")
            }
            written += count
        }
    }

    private static let prefix = "events.out.tfevents."

    /// The seconds in an event file's name, whoever wrote it.
    private static func seconds(in name: String) -> Int? {
        guard name.hasPrefix(prefix) else { return nil }
        // A number that no clock shows is somebody else's joke, and must not overflow ours.
        return Int(name.dropFirst(prefix.count).prefix { $0 != "." }).flatMap { $0 < 99_999_999_999 ? $0 : nil }
    }
}
