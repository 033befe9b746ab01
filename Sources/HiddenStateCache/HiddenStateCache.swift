import Files
import Foundation
import Safetensors
import Synchronization
import Tensor

/// A hidden-state cache on disk, mapped and checked.
///
///     let cache = try HiddenStateCache(folder: folder)
///     let split = TrajectorySplit(validationFraction: 0.05, seed: 1)
///     var batch = cache.emptyBatch(as: Float.self)
///     for trajectories in cache.trajectories(.training, of: split).shuffled(epoch: 0, seed: 1).batches(of: 32) {
///         try cache.load(trajectories, maxTokens: 4096, into: &batch)
///     }
///
/// Pages of the shards come in as they are read and are given back after some ten megabytes, so that memory does not
/// grow with the cache. A class because it owns the mappings; any thread may read.
public final class HiddenStateCache: Sendable {
    public let folder: URL
    public let description: CacheDescription
    /// Where hidden states are projected.
    public let projection: Projection?
    /// What is known of each line of the trajectory file.
    let table: TrajectoryTable
    /// The trajectories to learn from, in the order of their lines: all but those that earned a reward of 0 or less.
    public let trajectories: [TrajectoryIndex]
    /// All trajectories, right and wrong, in the order of their lines.
    public let drawn: [TrajectoryIndex]
    /// Number of all tokens of ``drawn``.
    public let tokens: Int
    /// Size of all shards.
    public let byteCount: Int
    /// Whether checksums have been compared.
    public let isVerified: Bool
    let shards: [ShardFile]

    /// Bytes that have been read since pages were last given back.
    private let touched = Mutex(0)
    private static let mostTouched = 32 << 20
    private static let leastTouched = 512 << 10

    /// Stands for the weights of the model that it comes from; nil where nobody has said so.
    public var modelFingerprint: String? { BackboneFiles.fingerprint(in: backboneFolder) }
    /// The folder with the model's small files.
    public var backboneFolder: URL { folder.appendingPathComponent(BackboneFiles.folder, isDirectory: true) }
    public var shardCount: Int { shards.count }

    /// Opens a cache and checks it: the shards' sizes, types and shapes, and that each trajectory is one run of rows in
    /// one shard.
    ///
    /// - Parameter verify: whether to read all shards and compare their CRC-32.
    /// - Throws: ``CacheError`` or `FileError` with the name of the file that is missing, truncated, changed, or of
    ///   another cache.
    public init(folder: URL, verify: Bool = true) throws {
        self.folder = folder
        let manifest = try CacheManifest(folder: folder)
        let description = try manifest.description(path: folder.appendingPathComponent(CacheManifest.name).path)
        self.description = description
        projection = description.rank == nil ? nil : try Projection(folder: folder, description)
        isVerified = verify
        table = try TrajectoryTable(folder: folder)

        var opened = [Result<(ShardFile, [TrajectoryIndex]), any Error>?](repeating: nil, count: manifest.shards.count)
        opened.withUnsafeMutableBufferPointer { opened in
            nonisolated(unsafe) let opened = opened
            Parallel.forEachBlock(of: opened.count, blockSize: 1) { block in
                for number in block {
                    opened[number] = Result {
                        try Self.open(
                            manifest.shards[number], number: number, folder: folder, description, verify: verify)
                    }
                }
            }
        }
        let found = try opened.compactMap { try $0?.get() }
        shards = found.map(\.0)
        let drawn = found.flatMap(\.1).sorted { $0.number < $1.number }, table = table
        self.drawn = drawn
        trajectories = table.rewards == nil ? drawn : drawn.filter { !Self.hasFailed($0, table) }
        tokens = drawn.tokens
        try table.requireRows(for: drawn, folder: folder)
        byteCount = shards.reduce(0) { $0 + $1.file.bytes.count }
        for (before, here) in zip(drawn, drawn.dropFirst()) where before.number == here.number {
            throw CacheError(
                shards[here.shard].file.path,
                "trajectory \(here.number) begins at row \(here.firstRow), but is in "
                    + "\(shards[before.shard].file.path) from row \(before.firstRow) on already"
            )
        }
        for shard in shards.dropFirst()
        where shard.file.metadata["fingerprint"] != shards[0].file.metadata["fingerprint"] {
            throw CacheError(
                shard.file.path,
                "has the fingerprint '\(shard.file.metadata["fingerprint"] ?? "missing")', expected "
                    + "'\(shards[0].file.metadata["fingerprint"] ?? "missing")' as in \(shards[0].file.path)"
            )
        }
    }

    private static func open(
        _ row: CacheManifest.Shard, number: Int, folder: URL, _ description: CacheDescription, verify: Bool
    ) throws -> (ShardFile, [TrajectoryIndex]) {
        let path = folder.appendingPathComponent(row.file).path
        let shard = try ShardFile(path: path, tokens: row.tokens, description)
        defer { shard.file.releasePages() }
        if verify {
            let crc = CRC32.of(shard.file.bytes).hexadecimal
            guard crc == row.crc32.lowercased() else {
                throw CacheError(path, "has the CRC-32 \(crc), expected \(row.crc32) as in \(CacheManifest.name)")
            }
        }
        try shard.requireSoundRows(description)
        let runs = try trajectories(of: shard, number: number)
        guard runs.count == row.trajectories else {
            throw CacheError(
                path,
                "holds \(counted(runs.count, "trajectory", "trajectories")), expected \(row.trajectories) "
                    + "as in \(CacheManifest.name)")
        }
        return (shard, runs)
    }

    /// The runs of equal numbers in a shard.
    private static func trajectories(of shard: ShardFile, number: Int) throws -> [TrajectoryIndex] {
        let lines = try shard.trajectories.values(as: Int32.self)
        var runs: [TrajectoryIndex] = [], first = 0
        for row in 1...lines.count where row == lines.count || lines[row] != lines[first] {
            guard lines[first] >= 0 else {
                throw CacheError(
                    shard.file.path, "trajectory is \(lines[first]) in row \(first), expected a line from 0")
            }
            runs.append(TrajectoryIndex(number: Int(lines[first]), shard: number, firstRow: first, count: row - first))
            first = row
        }
        return runs
    }

    /// To be called after some rows have been read: gives pages back from time to time.
    ///
    /// A trajectory counts with `leastTouched` at least, because the system maps the neighbours of a page with it.
    func didTouch(_ runs: [TrajectoryIndex]) {
        var bytes = 0, ofTrajectory = 0
        for (number, run) in runs.enumerated() {
            ofTrajectory += run.count * (shards[run.shard].file.bytes.count / shards[run.shard].tokens)
            if number + 1 == runs.count || runs[number + 1].number != run.number {
                bytes += max(ofTrajectory, Self.leastTouched)
                ofTrajectory = 0
            }
        }
        let read = bytes
        let isMuch = touched.withLock { touched in
            touched += read
            guard touched > Self.mostTouched else { return false }
            touched = 0
            return true
        }
        if isMuch { for shard in shards { shard.file.releasePages() } }
    }
}
