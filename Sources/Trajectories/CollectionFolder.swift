import Files
import Foundation
import Safetensors

/// The folder that a sampling run writes to, and goes on in after an interruption.
///
///     collect.json         whose run this is, and what came of it
///     parts/00000.jsonl    one finished block of problems: a line of counts, then its trajectories
///     trajectories.jsonl   all of them, joined at the end; the parts are then gone
///
/// Each file appears whole or not at all, so that the run can be ended at any moment, and the next one with the same
/// fingerprint ends with the same bytes.
public struct CollectionFolder: Sendable {
    public let folder: URL
    /// What the run sampled; nil until it is complete.
    public private(set) var counts: SamplingCounts?
    private let fingerprint: Fingerprint
    private var isJoined: Bool { FileManager.default.fileExists(atPath: trajectories.path) }

    public var trajectories: URL { Self.trajectories(in: folder) }
    private var manifest: URL { folder.appendingPathComponent("collect.json") }
    private var parts: URL { folder.appendingPathComponent("parts", isDirectory: true) }

    /// The trajectory file of a run's folder: it is there once all is sampled.
    public static func trajectories(in folder: URL) -> URL { folder.appendingPathComponent("trajectories.jsonl") }

    private struct Manifest: Codable {
        var fingerprint: Fingerprint
        var counts: SamplingCounts?
    }

    /// Makes the folder, or opens it to go on.
    ///
    /// - Throws: ``FolderError`` where the folder holds another run, or cannot be written.
    public init(_ folder: URL, fingerprint: Fingerprint) throws {
        (self.folder, self.fingerprint) = (folder, fingerprint)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Self.removeHalfWritten(in: folder)
            if FileManager.default.fileExists(atPath: parts.path) { try Self.removeHalfWritten(in: parts) }
        } catch { throw FolderError("\(folder.path): cannot be made or read: \(error.localizedDescription)") }

        guard FileManager.default.fileExists(atPath: manifest.path) else {
            for stranger in [trajectories, parts] where FileManager.default.fileExists(atPath: stranger.path) {
                throw FolderError(
                    "\(stranger.path): is there without the \(manifest.lastPathComponent) of its run; remove it or "
                        + "give another folder"
                )
            }
            try write(Manifest(fingerprint: fingerprint))
            return
        }
        let found: Manifest
        do { found = try JSONDecoder().decodeGuarded(Manifest.self, from: Data(contentsOf: manifest)) } catch {
            throw FolderError(
                "\(manifest.path): cannot be read as the description of a run; remove the folder or give another")
        }
        if let difference = fingerprint.difference(from: found.fingerprint) {
            throw FolderError("\(folder.path): holds another run: \(difference); remove the folder or give another")
        }
        if isJoined {
            counts = found.counts
            // What a run that ended while it cleaned up has left.
            if counts != nil { try removeParts() }
        }
    }

    public func hasPart(_ number: Int) -> Bool { FileManager.default.fileExists(atPath: part(number).path) }

    /// The counts of a part that is there.
    public func counts(ofPart number: Int) throws -> SamplingCounts { try read(number).counts }

    public func writePart(_ number: Int, _ block: SampledBlock) throws {
        try Self.makingFolder(parts)
        var content = try Self.encoder.encode(block.counts)
        content.append(UInt8(ascii: "\n"))
        content.append(block.lines)
        try AtomicFile.write(content, to: part(number).path)
    }

    /// Joins all parts, part by part, into the trajectory file.
    public mutating func join(parts count: Int) throws {
        let file = try AtomicFile(path: trajectories.path)
        var total = SamplingCounts()
        for number in 0..<count {
            let part = try read(number)
            total += part.counts
            try part.lines.withUnsafeBytes(file.write)
        }
        // The counts are on disk before the file whose presence says that all is done.
        try write(Manifest(fingerprint: fingerprint, counts: total))
        try file.commit()
        counts = total
        try removeParts()
    }

    private func part(_ number: Int) -> URL {
        let digits = String(number)
        return parts.appendingPathComponent(String(repeating: "0", count: max(0, 5 - digits.count)) + digits + ".jsonl")
    }

    private func read(_ number: Int) throws -> SampledBlock {
        let path = part(number)
        guard let content = try? Data(contentsOf: path), let end = content.firstIndex(of: UInt8(ascii: "\n")),
            let counts = try? JSONDecoder().decodeGuarded(SamplingCounts.self, from: content[..<end])
        else { throw FolderError("\(path.path): cannot be read as a finished block; remove it to sample it again") }
        var block = SampledBlock()
        (block.counts, block.lines) = (counts, content[(end + 1)...])
        return block
    }

    private func removeParts() throws {
        guard FileManager.default.fileExists(atPath: parts.path) else { return }
        do { try FileManager.default.removeItem(at: parts) } catch {
            throw FolderError("\(parts.path): cannot be removed: \(error.localizedDescription)")
        }
    }

    private func write(_ value: Manifest) throws { try AtomicFile.write(Self.encoder.encode(value), to: manifest.path) }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    private static func makingFolder(_ folder: URL) throws {
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw FolderError("\(folder.path): cannot be made: \(error.localizedDescription)")
        }
    }

    /// Temporary files of a run that was ended while it wrote.
    private static func removeHalfWritten(in folder: URL) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where name.hasPrefix(".") && name.hasSuffix(".partial") {
            try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
    }
}

/// A run's folder that cannot be used, in one sentence.
public struct FolderError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
