import Files
import Foundation
import Safetensors

/// Backbone and heads as one checkpoint, in the layout of ``MergedLayout``.
///
///     let merge = try HeadsMerge(heads: headsFolder, model: modelFolder, output: folder)
///     try merge.write { bytes in progress.advance(by: bytes) }
///
/// Shards keep their names, the heads' tensors join the last one, all with the types and bytes that they have. Tensors
/// are copied in pieces, so that memory does not grow with the model.
public struct HeadsMerge: Sendable {
    /// D, as the heads read it.
    public let hiddenSize: Int
    /// Bytes of all tensors, and number of files they are in.
    public let byteCount: Int
    /// Number of shards of the merged checkpoint.
    public let shardCount: Int
    /// Number of tensors of the merged checkpoint, those of the heads included.
    public let tensorCount: Int
    /// Whether the backbone's config.json ties its output matrix to the embedding, though the file holds other values
    /// for it. The merged config.json then does not tie them, so that no reader overwrites one with the other;
    /// splitting gives the backbone's own back.
    public let untiesOutput: Bool

    private let model: URL, output: URL
    private let backbone: Checkpoint
    private let headsTensors: [StoredTensor]
    private let backboneConfiguration: JSONMembers, headsConfiguration: JSONMembers
    private let baseModel: String?

    /// Opens heads and backbone, and sees that they belong together and that the output is free.
    ///
    /// - Parameters:
    ///   - heads: a folder that was read as heads, so that no tensor is missing or misshapen.
    ///   - hiddenSize: D, as these heads read it.
    ///   - baseModel: what `base_model_name_or_path` is to say, where the released classes look for the backbone; nil
    ///     leaves what the
    ///   heads say, or the backbone's path where they say nothing.
    /// - Throws: `FileError`: heads of another size or family, a folder without heads, a backbone that lacks
    ///   files or layers, an output that lies in one of the two.
    public init(heads: URL, hiddenSize: Int, model: URL, output: URL, baseModel: String? = nil) throws {
        let headsFile = heads.appendingPathComponent("config.json"),
            modelFile = model.appendingPathComponent("config.json")
        self.hiddenSize = hiddenSize
        headsConfiguration = try JSONMembers(path: headsFile.path)
        backboneConfiguration = try JSONMembers(path: modelFile.path)
        backbone = try Checkpoint(folder: model.path)
        headsTensors = try Checkpoint(folder: heads.path).shards.flatMap(\.tensors).filter {
            MergedLayout.isOfHeads($0.name)
        }
        (self.model, self.output) = (model, output)
        let recorded = headsConfiguration.string("base_model_name_or_path") ?? ""
        self.baseModel = baseModel ?? (recorded.isEmpty ? model.standardizedFileURL.path : nil)
        let all = backbone.entries + headsTensors.map(\.entry)
        (byteCount, tensorCount) = (all.reduce(0) { $0 + $1.byteRange.count }, all.count)
        shardCount = backbone.shards.count
        if backboneConfiguration.bool(Self.tieKey) == true, let output = backbone.find(Self.outputName),
            let embedding = backbone.find(Self.embeddingName)
        {
            untiesOutput = try !output.hasSameValues(as: embedding)
        } else {
            untiesOutput = false
        }
        try checkModel(modelFile, heads: headsFile)
        for (folder, what) in [(model, "the model's"), (heads, "the heads'")] where output.lies(in: folder) {
            throw FileError(
                .mismatch, file: output.path, "lies in \(what) folder \(folder.path), expected a folder outside of it")
        }
    }

    /// Writes the output folder, whole or not at all.
    ///
    /// - Parameter didCopy: gets the bytes of each piece; what it throws ends the writing.
    /// - Throws: `FileError` of kind `cannotWrite` where the output exists, the disk has no room, or writing fails.
    public func write(didCopy: (Int) throws -> Void = { _ in }) throws {
        let folder = try AtomicFolder(output)
        try folder.requireRoom(byteCount + CompanionFiles.byteCount(in: model) + Self.headerBytes)
        let shards = backbone.shards
        var written: [(name: String, contents: [Checkpoint.ShardContent])] = []
        for (number, shard) in shards.enumerated() {
            var contents = shard.tensors.map {
                Checkpoint.ShardContent($0, name: MergedLayout.backbonePrefix + $0.name)
            }
            var metadata = shard.metadata
            metadata["format"] = metadata["format"] ?? "pt"
            if number + 1 == shards.count {
                contents += headsTensors.map { Checkpoint.ShardContent($0) }
                metadata[MergedLayout.backboneConfigurationKey] = backboneConfiguration.text
                metadata[MergedLayout.headsConfigurationKey] = headsConfiguration.text
            }
            let place = folder.workplace.appendingPathComponent(shard.name)
            try CompanionFiles.makeFolder(of: place)
            try Checkpoint.write(contents, metadata: metadata, to: place.path, didCopy: didCopy)
            written.append((shard.name, contents))
        }
        if shards.map(\.name) != [Checkpoint.singleName] {
            try Checkpoint.writeIndex(of: written, toFolder: folder.workplace)
        }
        try CompanionFiles.copy(from: model, to: folder.workplace)
        var configuration = MergedLayout.configuration(
            backbone: backboneConfiguration, heads: headsConfiguration, baseModel: baseModel)
        if untiesOutput { configuration[Self.tieKey] = "false" }
        try AtomicFile.write(
            Data(configuration.text.utf8), to: folder.workplace.appendingPathComponent("config.json").path)
        try folder.commit()
    }

    private static let tieKey = "tie_word_embeddings"
    private static let outputName = "lm_head.weight", embeddingName = "model.embed_tokens.weight"

    /// Headers, index and configuration beside the tensors, generously.
    static let headerBytes = 64 << 20

    private func checkModel(_ file: URL, heads: URL) throws {
        let type = backboneConfiguration.string("model_type")
        guard type != MergedLayout.modelType else {
            throw FileError(
                .mismatch, file: file.path,
                "model_type is '\(MergedLayout.modelType)', expected a backbone; take a "
                    + "merged checkpoint apart with split first"
            )
        }
        guard let size = backboneConfiguration.integer("hidden_size") else {
            throw FileError(
                .mismatch, file: file.path,
                "hidden_size is missing or no whole number, expected \(hiddenSize) as the heads read")
        }
        guard size == hiddenSize else {
            throw FileError(
                .mismatch, file: heads.path,
                "the heads read hidden states of size \(hiddenSize), the model "
                    + "\(file.deletingLastPathComponent().path) has \(size); expected heads that "
                    + "were fitted to this model"
            )
        }
        if let base = headsConfiguration.string("base_model_type"), let type, base != type {
            throw FileError(
                .mismatch, file: heads.path,
                "the heads belong to a model of type '\(base)', the model is of type '\(type)'; expected heads that "
                    + "were fitted to this model"
            )
        }
        try checkLayers(file)
    }

    /// An index may list less than the configuration promises.
    private func checkLayers(_ file: URL) throws {
        let names = backbone.names
        if let foreign = names.first(where: { MergedLayout.isOfHeads($0) || $0.hasPrefix(MergedLayout.backbonePrefix) })
        {
            throw FileError(
                .mismatch, file: model.path, "found the tensor '\(foreign)' of a merged checkpoint, expected a backbone"
            )
        }
        let prefix = "model.layers.",
            found = Set(
                names.compactMap { $0.hasPrefix(prefix) ? Int($0.dropFirst(prefix.count).prefix { $0 != "." }) : nil })
        if !found.isEmpty, let layers = backboneConfiguration.integer("num_hidden_layers"),
            let missing = (0..<max(0, layers)).first(where: { !found.contains($0) })
        {
            throw FileError(
                .mismatch, file: model.path,
                "found no tensor of layer \(missing), expected all \(layers) layers that config.json names; the "
                    + "folder is incomplete"
            )
        }
        let ties = backboneConfiguration.bool(Self.tieKey)
        // Of two that are tied one is enough.
        let needed =
            ties == true && names.contains(Self.outputName)
            ? [] : [Self.embeddingName] + (ties == false ? [Self.outputName] : [])
        for name in needed where !found.isEmpty && !names.contains(name) {
            throw FileError(
                .mismatch, file: model.path, "found no tensor '\(name)', expected it; the folder is incomplete")
        }
    }
}

extension URL {
    /// Whether this is a folder or something below it, symbolic links resolved.
    func lies(in folder: URL) -> Bool {
        func parts(_ url: URL) -> [String] { url.standardizedFileURL.resolvingSymlinksInPath().pathComponents }
        // What does not exist yet has no links of its own to resolve.
        return (parts(deletingLastPathComponent()) + [lastPathComponent]).starts(with: parts(folder))
    }
}
