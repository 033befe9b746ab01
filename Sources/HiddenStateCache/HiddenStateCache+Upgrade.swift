import Files
import Foundation

extension HiddenStateCache {
    /// The format version that caches are written in.
    public static var newestVersion: Int { CacheManifest.currentVersion }

    /// Rewrites a cache of an older format version as one of the newest, in its place: the table of trajectories with
    /// their tokens is added first, then `cache.json` is replaced. Shards stay as they are.
    ///
    /// A cache that is ended in between is still one of the older version. Its fingerprint changes, so that a run which
    /// began on it does not go on.
    ///
    /// - Returns: the version that it was of; the newest where there is nothing to do.
    /// - Throws: ``CacheError`` or `FileError` for a cache that is unsound, as opening it does, and where its folder
    ///   cannot be written.
    @discardableResult
    public static func upgrade(_ folder: URL) throws -> Int {
        let cache = try HiddenStateCache(folder: folder)
        var manifest = try CacheManifest(folder: folder)
        let version = manifest.formatVersion
        guard version < CacheManifest.currentVersion else { return version }
        let lineCount = max(cache.table.lineCount ?? 0, cache.drawn.last.map { $0.number + 1 } ?? 0)
        try cache.table.counting(cache.shards, lineCount: lineCount).write(folder: folder)
        manifest.formatVersion = CacheManifest.currentVersion
        try AtomicFile.write(manifest.json(), to: folder.appendingPathComponent(CacheManifest.name).path)
        return version
    }
}
