import Backbone
import Files
import Foundation
import HiddenStateCache
import Safetensors
import Tensor

/// Hidden states that another engine has written, a safetensors file a request, as vLLM's connector for
/// `extract_hidden_states` does: `hidden_states` [tokens, layers, D] before the final norm, and `token_ids` [tokens].
///
/// Of several layers the last counts, which must be the model's last. A file serves the trajectory whose prompt and
/// completion it holds; the last id, which predicts nothing, may be missing, and one that the engine drew may follow.
public struct EngineStates: Sendable {
    /// A folder's files.
    public let folder: URL
    /// Stands for the content of all files.
    public let digits: String
    /// Number of files.
    public let count: Int
    private let hiddenSize: Int
    /// Paths of files by what they may be asked for.
    private let paths: [Int: [String]]

    private static let states = "hidden_states", ids = "token_ids"
    /// Ids at the end of a file that a trajectory need not need: its own last one, and one that the engine drew.
    private static let mostSpareIDs = 2
    private static let floats: [ElementType] = [.f32, .f16, .bf16]

    /// Looks at every file of a folder.
    ///
    /// - Parameters:
    ///   - hiddenSize: D of the model.
    ///   - check: called before each file; what it throws ends the look.
    /// - Throws: `CacheError` or `FileError` for a folder without such files and for a file of another form.
    public init(folder: URL, hiddenSize: Int, check: () throws -> Void = {}) throws {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
            throw CacheError(folder.relativePath, "cannot be read, expected a folder with an engine's hidden states")
        }
        var paths: [Int: [String]] = [:], fingerprint = Fingerprint(), count = 0
        for name in names.sorted() where name.hasSuffix(".safetensors") {
            try check()
            let path = folder.appendingPathComponent(name).path
            let (ids, _) = try Self.open(path, hiddenSize: hiddenSize)
            for spare in 0...min(Self.mostSpareIDs, ids.count) {
                paths[Self.key(ids.dropLast(spare)), default: []].append(path)
            }
            try fingerprint.add(name, contentOf: path)
            count += 1
        }
        guard count > 0 else {
            throw CacheError(
                folder.relativePath, "holds no .safetensors files, expected one a request with hidden_states, token_ids"
            )
        }
        (self.folder, self.hiddenSize, self.paths, self.count) = (folder, hiddenSize, paths, count)
        digits = fingerprint.digits
    }

    /// The states after the final norm that predict the labels of a trajectory, in pieces of at most `rows` rows.
    ///
    /// - Parameters:
    ///   - model: whose final norm is used, and nothing else of it.
    ///   - take: gets the index of the first label in prompt + completion, and the states, [labels, D].
    /// - Throws: `CacheError` where no file holds the trajectory, and for a state that is not finite.
    func forEachPiece(
        of trajectory: Trajectory, line: Int, rows: Int, model: Transformer, _ take: (Int, Tensor<Float>) throws -> Void
    ) throws {
        let ids = trajectory.promptIDs + trajectory.completionIDs, first = trajectory.promptIDs.count
        let states = try find(ids, line)
        let layers = states.shape[1], D = hiddenSize
        for start in stride(from: first, to: ids.count, by: rows) {
            let end = min(start + rows, ids.count)
            var piece = Tensor<Float>(shape: [end - start, D])
            for row in start..<end {
                // The state at a position predicts the id after it.
                let place = ((row - 1) * layers + layers - 1) * D
                try piece.withUnsafeMutableBufferPointer { target in
                    let target = UnsafeMutableBufferPointer(rebasing: target[((row - start) * D)...])
                    try states.copy(place..<place + D, into: target)
                }
            }
            if let place = piece.elements.firstIndex(where: { !$0.isFinite }) {
                throw CacheError(
                    states.file.path,
                    "holds \(piece[place]) in \(Self.states) at token \(start - 1 + place / D), expected finite numbers"
                )
            }
            try take(start, model.normed(piece))
        }
    }

    /// The states of the file that begins with all ids of a trajectory but the last.
    private func find(_ ids: [Int], _ line: Int) throws -> StoredTensor {
        let needed = ids.dropLast()
        for path in paths[Self.key(needed)] ?? [] {
            let (found, states) = try Self.open(path, hiddenSize: hiddenSize)
            if found.starts(with: needed) { return states }
        }
        throw CacheError(
            folder.relativePath,
            "none of \(counted(count, "file")) holds the \(counted(needed.count, "token")) of line \(line + 1) of the "
                + "trajectories, expected hidden states of all of them: prompt and completion as the engine's prompt")
    }

    private static func key(_ ids: ArraySlice<Int>) -> Int {
        var hasher = Hasher()
        hasher.combine(ids)
        return hasher.finalize()
    }

    private static func open(_ path: String, hiddenSize: Int) throws -> (ids: [Int], states: StoredTensor) {
        let file = try SafetensorsFile(path: path)
        let stored = try file.tensor(ids), states = try file.tensor(states)
        guard stored.shape.count == 1, [.i64, .i32].contains(stored.type) else {
            throw CacheError(
                path,
                "found \(ids) of type \(stored.type.rawValue) and shape \(stored.shape), "
                    + "expected whole numbers [tokens]")
        }
        guard states.shape.count == 3, states.shape[0] == stored.count, states.shape[1] > 0,
            states.shape[2] == hiddenSize, floats.contains(states.type)
        else {
            throw CacheError(
                path,
                "found \(Self.states) of type \(states.type.rawValue) and shape \(states.shape), expected floats "
                    + "[\(stored.count), layers, \(hiddenSize)]")
        }
        return (try stored.values(as: Int.self), states)
    }
}
