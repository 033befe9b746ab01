import Files
import Foundation
import Safetensors

extension HiddenStateCache {
    /// Joins parts of one cache, which several processes have written, into one.
    ///
    /// Shards are copied byte for byte and numbered anew, by their first trajectories: the result holds what one
    /// process would have written, but for where shards are cut. Memory does not grow with the parts.
    ///
    /// - Parameters:
    ///   - parts: folders of caches of the same model, trajectory file and settings; their checksums are compared.
    ///   - folder: the new cache's; it must not be there yet, or be empty. What throws leaves it as it was.
    ///   - onShard: hears of each shard's bytes before it is copied, and may throw to end the work.
    /// - Throws: ``CacheError`` for parts that do not belong together or share a trajectory, and for a folder that
    ///   holds something.
    public static func merge(_ parts: [URL], into folder: URL, onShard: (_ bytes: Int) throws -> Void = { _ in }) throws
    {
        let files = FileManager.default, path = folder.path
        var isFolder: ObjCBool = false
        let existed = files.fileExists(atPath: path, isDirectory: &isFolder)
        if existed {
            guard isFolder.boolValue else {
                throw CacheError(path, "is a file, expected a folder that is not there yet; give another")
            }
            guard let names = try? files.contentsOfDirectory(atPath: path), names.isEmpty else {
                throw CacheError(
                    path, "holds files already, expected an empty folder or none; remove it or give another")
            }
        }
        let opened = try open(parts)
        do { try copy(opened, to: folder, onShard) } catch {
            for name in (try? files.contentsOfDirectory(atPath: path)) ?? [] {
                try? files.removeItem(at: folder.appendingPathComponent(name))
            }
            if !existed { try? files.removeItem(at: folder) }
            throw error
        }
    }

    private typealias Part = (cache: HiddenStateCache, manifest: CacheManifest)

    /// Opens the parts, and holds each against the first.
    private static func open(_ folders: [URL]) throws -> [Part] {
        let parts = try folders.map { folder -> Part in
            let part = (cache: try HiddenStateCache(folder: folder), manifest: try CacheManifest(folder: folder))
            guard !part.cache.shards.isEmpty else {
                throw CacheError(folder.path, "holds no shards, expected at least one; leave it out")
            }
            return part
        }
        guard let first = parts.first else {
            throw CacheError("merge", "there are no caches to join, expected at least one; name their folders")
        }
        func fingerprint(_ part: Part) -> String { part.cache.shards[0].file.metadata["fingerprint"] ?? "missing" }
        var owners: [Int: HiddenStateCache] = [:]
        for part in parts {
            let cache = part.cache, path = cache.folder.path, other = first.cache.folder.path
            if let difference = cache.description.difference(from: first.cache.description) {
                throw CacheError(
                    path,
                    "has \(difference) as in \(other); only parts of one cache can be joined, export it again with "
                        + "the same settings"
                )
            }
            guard fingerprint(part) == fingerprint(first) else {
                throw CacheError(
                    path,
                    "has the fingerprint '\(fingerprint(part))', expected '\(fingerprint(first))' as in \(other); "
                        + "only caches of the same model and trajectories can be joined"
                )
            }
            guard cache.projection == first.cache.projection else {
                throw CacheError(
                    path,
                    "has other principal components than \(other); collect such a cache in "
                        + "one process, or without cache.rank"
                )
            }
            guard cache.problems == first.cache.problems, cache.policies == first.cache.policies,
                cache.rewards == first.cache.rewards
            else {
                throw CacheError(
                    path,
                    "has another \(TrajectoryTable.name) than \(other), expected the same problems, policies and "
                        + "rewards; "
                        + "only parts of one trajectory file can be joined")
            }
            for trajectory in cache.drawn {
                if let owner = owners.updateValue(cache, forKey: trajectory.number) {
                    throw CacheError(
                        path,
                        "holds trajectory \(trajectory.number), which is in \(owner.folder.path), "
                            + "too; name each part once"
                    )
                }
            }
        }
        try PartMark.requireAll(of: parts.map(\.cache))
        return parts
    }

    private static func copy(_ parts: [Part], to folder: URL, _ onShard: (Int) throws -> Void) throws {
        let first = parts[0].cache
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw CacheError(folder.path, "the folder cannot be made: \(error.localizedDescription)")
        }
        var shards: [(file: ShardFile, row: CacheManifest.Shard, start: Int)] = []
        for part in parts {
            // Trajectories are in the order of their lines: the first of a shard comes first.
            let starts = Dictionary(part.cache.drawn.map { ($0.shard, $0.number) }) { first, _ in first }
            for (number, shard) in part.cache.shards.enumerated() {
                shards.append((shard, part.manifest.shards[number], starts[number] ?? 0))
            }
        }
        shards.sort { $0.start < $1.start }
        var rows: [CacheManifest.Shard] = []
        for (number, shard) in shards.enumerated() {
            try onShard(shard.file.file.bytes.count)
            var row = shard.row
            row.file = ShardFile.name(number)
            try copy(shard.file.file, to: folder.appendingPathComponent(row.file).path)
            rows.append(row)
        }
        if first.projection != nil {
            let name = Projection.name
            try copy(
                SafetensorsFile(path: first.folder.appendingPathComponent(name).path),
                to: folder.appendingPathComponent(name).path)
        }
        let lineCount = parts.flatMap(\.cache.drawn).reduce(0) { max($0, $1.number + 1) }
        try first.table.counting(shards.map(\.file), lineCount: max(first.table.lineCount ?? 0, lineCount)).write(
            folder: folder)
        try BackboneFiles.copy(from: first.backboneFolder, to: folder)
        try AtomicFile.write(
            CacheManifest(first.description, shards: rows).json(),
            to: folder.appendingPathComponent(CacheManifest.name).path)
    }

    private static func copy(_ source: SafetensorsFile, to path: String) throws {
        let file = try AtomicFile(path: path), bytes = source.bytes, size = 4 << 20
        for start in stride(from: 0, to: bytes.count, by: size) {
            try file.write(UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + size)]))
            source.releasePages()
        }
        try file.commit()
    }
}

extension CacheDescription {
    /// The first form in which two caches differ, in words; nil where none does. The same model may have another name
    /// and path.
    func difference(from other: CacheDescription) -> String? {
        func words(
            _ name: String, _ found: some CustomStringConvertible, _ expected: some CustomStringConvertible
        ) -> String? {
            found.description == expected.description ? nil : "\(name) \(found), expected \(expected)"
        }
        return words("hidden_size", hiddenSize, other.hiddenSize) ?? words(
            "vocabulary_size", vocabularySize, other.vocabularySize)
            ?? words("top_logits", sketch.exact, other.sketch.exact) ?? words(
                "tail_bins", sketch.bins, other.sketch.bins)
            ?? words("hidden_dtype", hiddenType.rawValue, other.hiddenType.rawValue)
            ?? words("rank", rank.map(String.init) ?? "none", other.rank.map(String.init) ?? "none")
    }
}
