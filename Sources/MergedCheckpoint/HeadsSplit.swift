import Files
import Foundation
import Safetensors

/// Takes a checkpoint of ``MergedLayout`` apart: the backbone under its own names, and the heads, bit for bit.
public struct HeadsSplit: Sendable {
    /// Bytes of the backbone's tensors.
    public let backboneBytes: Int
    private let merged: URL
    private let shards: [Checkpoint.Shard]
    private let mergedConfiguration: JSONMembers

    /// Opens a merged checkpoint that was read as heads, so that no tensor of theirs is missing or misshapen.
    ///
    /// - Throws: `FileError` for a folder without heads or without a backbone, and for tensors that belong to
    ///   neither.
    public init(merged: URL) throws {
        self.merged = merged
        let file = merged.appendingPathComponent("config.json")
        mergedConfiguration = try JSONMembers(path: file.path)
        shards = try Checkpoint(folder: merged.path).shards
        let names = shards.flatMap(\.tensors).map(\.name)
        guard names.contains(where: { $0.hasPrefix(MergedLayout.backbonePrefix) }) else {
            throw FileError(
                .mismatch, file: merged.path,
                "holds heads alone, expected a merged checkpoint with tensors '\(MergedLayout.backbonePrefix)…'")
        }
        if let stray = names.first(where: { !$0.hasPrefix(MergedLayout.backbonePrefix) && !MergedLayout.isOfHeads($0) })
        {
            throw FileError(
                .mismatch, file: merged.path,
                "found the tensor '\(stray)', expected names that begin with llm., temp_head. or top_p_head.")
        }
        backboneBytes = Self.backbone(of: shards).reduce(0) {
            $0 + $1.contents.reduce(0) { $0 + $1.tensor.entry.byteRange.count }
        }
    }

    /// Writes the parts that are asked for; both appear, or neither.
    ///
    /// - Parameters:
    ///   - backbone: receives the model's folder; nil leaves it out.
    ///   - heads: receives the heads' folder; nil leaves it out.
    ///   - architecture: from `model_type` to the name in `architectures`, for a checkpoint that does not keep the
    ///     backbone's config.json.
    ///   - didCopy: gets the bytes of each piece of the backbone; what it throws ends the writing.
    /// - Throws: `FileError` of kind `cannotWrite` where an output exists, the disk has no room, or writing fails; of
    ///   kind `mismatch` where an output lies in the merged folder.
    public func write(
        backbone: URL?, heads: URL?, architecture: (String) -> String? = { _ in nil },
        didCopy: (Int) throws -> Void = { _ in }
    ) throws {
        for output in [backbone, heads].compactMap({ $0 }) where output.lies(in: merged) {
            throw FileError(
                .mismatch, file: output.path,
                "lies in the merged folder \(merged.path), expected a folder outside of it")
        }
        if let backbone, let heads, backbone.lies(in: heads) || heads.lies(in: backbone) {
            throw FileError(.mismatch, file: heads.path, "and \(backbone.path) lie in each other, expected two folders")
        }
        let headsFolder = try heads.map { try AtomicFolder($0) },
            backboneFolder = try backbone.map { try AtomicFolder($0) }
        if let headsFolder { try writeHeads(to: headsFolder.workplace) }
        if let backboneFolder {
            try backboneFolder.requireRoom(
                backboneBytes + CompanionFiles.byteCount(in: merged) + HeadsMerge.headerBytes)
            try writeBackbone(to: backboneFolder.workplace, architecture, didCopy)
        }
        try backboneFolder?.commit()
        try headsFolder?.commit()
    }

    private func writeHeads(to folder: URL) throws {
        let tensors = shards.flatMap(\.tensors).filter { MergedLayout.isOfHeads($0.name) }.map {
            Checkpoint.ShardContent($0)
        }
        try Checkpoint.write(
            tensors, metadata: ["format": "pt"], to: folder.appendingPathComponent(Checkpoint.singleName).path)
        let text = kept(MergedLayout.headsConfigurationKey) ?? mergedConfiguration.text
        try AtomicFile.write(Data(text.utf8), to: folder.appendingPathComponent("config.json").path)
    }

    private func writeBackbone(
        to folder: URL, _ architecture: (String) -> String?, _ didCopy: (Int) throws -> Void
    ) throws {
        let parts = Self.backbone(of: shards)
        for part in parts {
            let place = folder.appendingPathComponent(part.name)
            try CompanionFiles.makeFolder(of: place)
            try Checkpoint.write(part.contents, metadata: part.metadata, to: place.path, didCopy: didCopy)
        }
        if parts.map(\.name) != [Checkpoint.singleName] {
            try Checkpoint.writeIndex(of: parts.map { ($0.name, $0.contents) }, toFolder: folder)
        }
        try CompanionFiles.copy(from: merged, to: folder)
        guard
            let text = kept(MergedLayout.backboneConfigurationKey)
                ?? MergedLayout.backboneConfiguration(of: mergedConfiguration, architecture: architecture)?.text
        else {
            throw FileError(
                .mismatch, file: merged.appendingPathComponent("config.json").path,
                "base_model_type is missing, expected the model_type of the backbone")
        }
        try AtomicFile.write(Data(text.utf8), to: folder.appendingPathComponent("config.json").path)
    }

    private func kept(_ key: String) -> String? { shards.lazy.compactMap { $0.metadata[key] }.first }

    /// The backbone's tensors of each file that has some, under their own names.
    private static func backbone(
        of shards: [Checkpoint.Shard]
    ) -> [(name: String, contents: [Checkpoint.ShardContent], metadata: [String: String])] {
        shards.compactMap { shard in
            let contents = shard.tensors.filter { $0.name.hasPrefix(MergedLayout.backbonePrefix) }.map {
                Checkpoint.ShardContent($0, name: String($0.name.dropFirst(MergedLayout.backbonePrefix.count)))
            }
            let own = [MergedLayout.backboneConfigurationKey, MergedLayout.headsConfigurationKey]
            return contents.isEmpty ? nil : (shard.name, contents, shard.metadata.filter { !own.contains($0.key) })
        }
    }
}
