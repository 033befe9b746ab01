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
