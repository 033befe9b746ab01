import Files
import Foundation
import Training

/// Where a round's things lie.
///
///     collection/   trajectories, until the round is done and the next one begins
///     cache/        their hidden states, as long
///     training/     the run that fits the heads, and `heads/`
///     round.json    what came of it: it is there once the round is done
struct RoundFolder {
    let url: URL

    init(_ folder: URL, round: Int) { url = folder.appendingPathComponent("round-\(round)", isDirectory: true) }

    var collection: URL { url.appendingPathComponent("collection", isDirectory: true) }
    var cache: URL { url.appendingPathComponent("cache", isDirectory: true) }
    var run: RunFolder { RunFolder(url.appendingPathComponent("training", isDirectory: true)) }
    private var file: URL { url.appendingPathComponent("round.json") }

    private struct Content: Codable {
        var fingerprint: Fingerprint
        var result: RoundResult
    }

    /// What came of the round; nil where it is not done.
    ///
    /// - Throws: ``ImprovementError`` for a file that is damaged, or of another run.
    func result(_ fingerprint: Fingerprint) throws -> RoundResult? {
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let content: Content
        do { content = try JSONDecoder().decodeGuarded(Content.self, from: Data(file: file.path)) } catch {
            throw ImprovementError(
                "\(file.relativePath): cannot be read as a finished round; remove \(url.relativePath) to repeat it")
        }
        if let difference = fingerprint.difference(from: content.fingerprint) {
            throw ImprovementError(
                "\(url.relativePath): holds a round of another run: \(difference); remove the folder or give another "
                    + "improve.folder")
        }
        return content.result
    }

    func write(_ result: RoundResult, _ fingerprint: Fingerprint) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        let content = Content(fingerprint: fingerprint, result: result)
        try AtomicFile.write(encoder.encode(content) + Data("\n".utf8), to: file.path)
    }

    /// Gives the disk back what nobody needs once heads are fitted.
    func removeSamples() throws {
        for folder in [collection, cache] where FileManager.default.fileExists(atPath: folder.path) {
            do { try FileManager.default.removeItem(at: folder) } catch {
                throw ImprovementError("\(folder.relativePath): cannot be removed: \(error.localizedDescription)")
            }
        }
    }
}

/// Why rounds cannot begin or go on, in one sentence.
public struct ImprovementError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    /// - Parameter description: one sentence.
    public init(_ description: String) { self.description = description }
}
