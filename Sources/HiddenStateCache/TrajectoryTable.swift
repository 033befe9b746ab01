import Files
import Foundation
import Safetensors

/// `trajectories.safetensors` beside `cache.json`: of each line of the trajectory file the problem that it belongs to,
/// so that completions of one problem can stay together. A cache without it is read as before.
enum ProblemTable {
    static let name = "trajectories.safetensors"
    private static let tensor = "problem"

    /// - Throws: `FileError` where the file is damaged, or its tensor is not [lines] of I32.
    static func read(folder: URL) throws -> [Int32]? {
        let path = folder.appendingPathComponent(name).path
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try SafetensorsFile(path: path).require(tensor, shape: [nil], types: [.i32]).values(as: Int32.self)
    }

    /// - Throws: `FileError` where the file cannot be written.
    static func write(_ problems: [Int32], folder: URL) throws {
        let table = NewTensor(tensor, [problems.count], problems, as: .i32)
        try SafetensorsWriter.write([table], metadata: ["format": "pt"], to: folder.appendingPathComponent(name).path)
    }
}

extension HiddenStateCache {
    /// Number of problems that the trajectories belong to, those without one counting each as one of its own; nil where
    /// the cache does not know problems.
    public var problemCount: Int? { problems == nil ? nil : Set(trajectories.map(problem)).count }

    /// What is said of a cache that does not know problems.
    public static let unknownProblems =
        "which problems the trajectories belong to is not known, so that each counts as one of its own, and "
        + "completions of one problem may be on both sides of the split"

    /// What tells one cache from another: the CRC-32 of its description, which holds those of its shards, and of its
    /// problems where it knows them, for these decide which trajectories are held out.
    ///
    /// - Throws: ``CacheError`` where the description cannot be read.
    public func fingerprint() throws -> String {
        let path = folder.appendingPathComponent(CacheManifest.name)
        guard let data = try? Data(file: path.path) else {
            throw CacheError(path.path, "cannot be read, expected the description of a hidden-state cache")
        }
        let description = String(data.withUnsafeBytes { CRC32.of($0) }, radix: 16)
        guard let problems else { return description }
        let table = problems.map(\.littleEndian).withUnsafeBytes { CRC32.of($0) }
        return "\(description) \(table.hexadecimal)"
    }

    /// - Throws: ``CacheError`` where the table has no row for a trajectory.
    static func requireRows(_ problems: [Int32]?, for trajectories: [TrajectoryIndex], folder: URL) throws {
        guard let problems, let last = trajectories.last, last.number >= problems.count else { return }
        throw CacheError(
            folder.appendingPathComponent(ProblemTable.name).path,
            "has \(problems.count) rows, expected one for each line of the trajectory file, "
                + "at least \(last.number + 1)")
    }
}
