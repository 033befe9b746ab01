import Foundation

/// Which part of a cache one of several processes has written: `00002-of-00008`, counted from 0.
///
/// It stands as `part` in the metadata of the part's shards, and in the name of its folder.
struct PartMark: Hashable {
    let rank: Int
    /// How many parts there are.
    let count: Int

    /// - Parameter text: such as `00002-of-00008` or `part-00002-of-00008`.
    /// - Returns: nil for another text.
    init?(_ text: String) {
        let words = (text.hasPrefix("part-") ? String(text.dropFirst(5)) : text).components(separatedBy: "-of-")
        guard words.count == 2, words.allSatisfy({ (5...9).contains($0.utf8.count) }), let rank = Int(words[0]),
            let count = Int(words[1]), 0 <= rank, rank < count, count <= Self.mostParts
        else { return nil }
        (self.rank, self.count) = (rank, count)
    }

    /// More than processes can be started.
    private static let mostParts = 1_000_000

    /// The marks of a cache's shards; where these have none, that of its folder's name; none where neither has one.
    static func marks(of cache: HiddenStateCache) -> Set<PartMark> {
        let marks = Set(cache.shards.compactMap { $0.file.metadata["part"].flatMap(PartMark.init) })
        return marks.isEmpty ? Set([PartMark(cache.folder.lastPathComponent)].compactMap { $0 }) : marks
    }

    /// Sees that no part is missing, where all caches say which they are.
    ///
    /// - Throws: ``CacheError`` that names the missing parts.
    static func requireAll(of caches: [HiddenStateCache]) throws {
        let marks = caches.map(marks)
        guard let first = marks.first?.first, marks.allSatisfy({ !$0.isEmpty }) else { return }
        for (cache, own) in zip(caches, marks) {
            guard let other = own.first(where: { $0.count != first.count }) else { continue }
            throw CacheError(
                cache.folder.path,
                "is one of \(other.count) parts, expected one of \(first.count) as \(caches[0].folder.path)")
        }
        let missing = Set(0..<first.count).subtracting(marks.joined().map(\.rank)).sorted()
        guard !missing.isEmpty else { return }
        let shown = missing.prefix(6).map(String.init).joined(separator: ", ") + (missing.count > 6 ? ", …" : "")
        throw CacheError(
            caches[0].folder.path,
            "is one of \(first.count) parts, counted from 0, and found no part \(shown); "
                + "name its folder, too, or export it"
        )
    }
}
