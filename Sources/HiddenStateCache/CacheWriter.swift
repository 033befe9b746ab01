import Files
import Foundation
import Safetensors
import Tensor

/// Writes a hidden-state cache shard by shard, and goes on with one that was interrupted.
///
///     let writer = try CacheWriter(folder: folder, description: description, plan: ShardPlan(lengths: lengths),
///     fingerprint: "…") for shard in writer.plan.shards where !writer.isWritten(shard) {
///         try writer.write(shard) { tokens in
///             for line in shard.trajectories where lengths[line] > 0 {
///                 try tokens.append(trajectory: line, labels: …, firstPosition: …, hidden: …) { model.logits($0) }
///             }
///         }
///     }
///     try writer.finish(backbone: modelFolder)
///
/// Memory is that of one shard and one block of logits, however many shards there are. The same calls give the same
/// bytes, whether or not the run was interrupted between shards.
///
/// A class because it owns the folder while it writes.
public final class CacheWriter {
    public let folder: URL
    public let description: CacheDescription
    public let plan: ShardPlan
    /// Where hidden states are projected.
    public let projection: Projection?
    /// Whether each token comes with its log-probability under the policy that drew it.
    public let recordsBehaviour: Bool
    private let metadata: [String: String]
    private var isPresent: [Bool]
    private lazy var buffer = ShardBuffer(
        capacity: plan.shards.map(\.tokens).max() ?? 0, description, recordsBehaviour: recordsBehaviour)

    /// Makes the folder, or opens it to go on.
    ///
    /// - Parameters:
    ///   - plan: of all trajectories.
    ///   - fingerprint: a text that stands for trajectories, model and settings; shards are kept only under the same
    ///     one.
    ///   - projection: where `description.rank` is set, with as many components; it is written to the folder.
    ///   - recordsBehaviour: whether each token comes with its log-probability under the policy that drew it.
    /// - Throws: ``CacheError`` where the folder holds shards of another cache, or the projection does not fit;
    ///   `FileError` where the folder cannot be written.
    public init(
        folder: URL, description: CacheDescription, plan: ShardPlan, fingerprint: String,
        projection: Projection? = nil, recordsBehaviour: Bool = false
    ) throws {
        guard projection?.rank == description.rank,
            projection == nil || projection?.hiddenSize == description.hiddenSize
        else {
            let found = projection.map { "onto \($0.rank) of \($0.hiddenSize) columns" } ?? "none"
            throw CacheError(
                folder.path,
                "found a projection \(found), expected "
                    + "\(description.rank.map { "onto \($0) of \(description.hiddenSize)" } ?? "none")"
            )
        }
        (self.folder, self.description, self.plan, self.projection) = (folder, description, plan, projection)
        self.recordsBehaviour = recordsBehaviour
        let layout = Self.layout(description, plan) + (recordsBehaviour ? ", behaviour" : "")
        metadata = ["format": "pt", "fingerprint": fingerprint, "layout": layout]
        isPresent = Array(repeating: false, count: plan.shards.count)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try findShards(FileManager.default.contentsOfDirectory(atPath: folder.path))
        } catch let error as CocoaError {
            throw CacheError(folder.path, "the folder cannot be made or read: \(error.localizedDescription)")
        }
        try projection?.write(to: folder, fingerprint: fingerprint)
    }

    /// Whether a shard is on disk already.
    public func isWritten(_ shard: ShardPlan.Shard) -> Bool { isPresent[shard.number] }

    /// Whether the table of lines is on disk already; true where nothing is known of them. Caches of earlier versions
    /// lack it.
    public func holds(
        problems: [Int32]?, policies: LinePolicies? = nil, rewards: LineRewards? = nil
    ) -> Bool {
        if problems == nil, policies == nil, rewards == nil { return true }
        guard let table = try? TrajectoryTable(folder: folder) else { return false }
        return table.problems == problems && table.policies == policies && table.rewards == rewards
    }

    /// Writes one shard; what `fill` throws leaves no trace of it.
    ///
    /// - Parameter fill: appends all tokens of the shard's trajectories, in order.
    public func write(_ shard: ShardPlan.Shard, _ fill: (CacheTokens) throws -> Void) throws {
        buffer.removeAll()
        let tokens = CacheTokens(shard: shard, plan: plan, buffer: buffer, projection: projection, path: path(shard))
        try fill(tokens)
        require(
            buffer.count == shard.tokens,
            "shard \(shard.number) was given \(buffer.count) tokens, expected \(shard.tokens)")
        try buffer.write(to: path(shard), metadata: metadata)
        isPresent[shard.number] = true
    }

    /// Copies the model's small files and writes `cache.json`: the cache is then complete.
    ///
    /// - Parameters:
    ///   - backbone: the model's folder, of which config.json, generation_config.json, tokenizer.json and
    ///     tokenizer_config.json are copied as far as they exist, or a GGUF file, from whose metadata they are made;
    ///     nil copies nothing.
    ///   - modelFingerprint: stands for the model's weights; heads that are trained on the cache name it.
    ///   - problems: of each line the number of its problem, −1 where it has none; nil where nobody knows.
    ///   - policies: of each line the policy that drew it; nil where nobody knows.
    ///   - rewards: of each line what it earned; nil where nobody knows.
    public func finish(
        backbone: URL?, modelFingerprint: String? = nil, problems: [Int32]? = nil, policies: LinePolicies? = nil,
        rewards: LineRewards? = nil
    ) throws {
        require(isPresent.allSatisfy { $0 }, "the cache lacks shards")
        for (name, count) in [
            ("problems", problems?.count), ("policies", policies?.places.count), ("rewards", rewards?.rewards.count),
            ("groups", rewards?.groups.count),
        ] {
            require(
                count == nil || count == plan.lengths.count, "\(count ?? 0) \(name) for \(plan.lengths.count) lines")
        }
        let files = try plan.shards.map { try ShardFile(path: path($0), tokens: $0.tokens, description) }
        try TrajectoryTable(problems: problems, policies: policies, rewards: rewards)
            .counting(files, lineCount: plan.lengths.count).write(folder: folder)
        if let backbone {
            try BackboneFiles.copy(from: backbone, to: folder)
            if let modelFingerprint { try BackboneFiles.write(fingerprint: modelFingerprint, to: folder) }
        }
        let shards = try plan.shards.map { shard in
            let file = try SafetensorsFile(path: path(shard))
            let trajectories = shard.trajectories.count { plan.lengths[$0] > 0 }
            return CacheManifest.Shard(
                file: shard.file, tokens: shard.tokens, trajectories: trajectories,
                crc32: CRC32.of(file.bytes).hexadecimal)
        }
        try AtomicFile.write(
            CacheManifest(description, shards: shards).json(),
            to: folder.appendingPathComponent(CacheManifest.name).path)
    }

    private func path(_ shard: ShardPlan.Shard) -> String { folder.appendingPathComponent(shard.file).path }

    /// Keeps shards of this very cache, and removes what an interrupted run has left half-written.
    private func findShards(_ names: [String]) throws {
        let own = [".shard-"] + [CacheManifest.name, Projection.name, TrajectoryTable.name].map { ".\($0)." }
        for name in names where name.hasSuffix(".partial") && own.contains(where: name.hasPrefix) {
            try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
        for name in names.sorted() where name.hasPrefix("shard-") && name.hasSuffix(".safetensors") {
            let path = folder.appendingPathComponent(name).path
            let found = try SafetensorsFile(path: path).metadata
            for key in ["fingerprint", "layout"] where found[key] != metadata[key] {
                throw CacheError(
                    path,
                    "belongs to another cache, its \(key) is '\(found[key] ?? "missing")', expected "
                        + "'\(metadata[key] ?? "")'; remove the folder or give another"
                )
            }
            guard let shard = plan.shards.first(where: { $0.file == name }) else {
                throw CacheError(
                    path,
                    "belongs to another cache, expected \(plan.shards.count) shards; remove the folder or give another")
            }
            _ = try ShardFile(path: path, tokens: shard.tokens, description)
            isPresent[shard.number] = true
        }
    }

    /// What decides over a shard's bytes beside the caller's fingerprint.
    private static func layout(_ description: CacheDescription, _ plan: ShardPlan) -> String {
        let lengths = plan.lengths.map { Int64($0).littleEndian }.withUnsafeBytes { CRC32.of($0) }
        return [
            "hidden \(description.hiddenSize) \(description.hiddenType.rawValue)",
            description.rank.map { "rank \($0)" },
            "vocabulary \(description.vocabularySize)", "sketch \(description.sketch.exact),\(description.sketch.bins)",
            "\(plan.tokens) tokens in shards of \(plan.shardTokens)", "lengths \(lengths.hexadecimal)",
        ].compactMap { $0 }.joined(separator: ", ")
    }
}
