import Files
import Foundation
import Safetensors

/// The full checkpoint that the released classes and their vLLM build load: one folder with backbone and heads.
///
/// `AutoDecoModelForCausalLM` is a module with the parts `llm`, `temp_head` and `top_p_head`, which gives its tensors
/// their names; its config.json is the backbone's with the entries of AutoDeco.
public enum MergedLayout {
    /// What the names of the backbone's tensors begin with.
    public static let backbonePrefix = "llm."
    /// The entry `model_type` of config.json.
    public static let modelType = "autodeco"
    /// The entry of `architectures` in config.json.
    public static let architecture = "AutoDecoModelForCausalLM"
    /// What the names of the heads' tensors begin with, before a dot; in a folder of heads alone, too.
    public static let temperaturePrefix = "temp_head", topPPrefix = "top_p_head"

    static func isOfHeads(_ tensor: String) -> Bool {
        [temperaturePrefix, topPPrefix].contains { tensor.hasPrefix("\($0).") }
    }

    /// Entries of config.json that heads bring along, beside those that name the model.
    static let headsKeys = [
        "base_model_name_or_path", "base_model_fingerprint", "enable_temperature_head", "enable_top_p_head",
        "use_enhanced_features",
        "temperature_hidden_size",
        "top_p_hidden_size",
    ]

    /// Where a shard's metadata keeps both configurations as they were before merging.
    static let backboneConfigurationKey = "autodeco.backbone_config", headsConfigurationKey = "autodeco.heads_config"

    /// The merged config.json.
    static func configuration(backbone: JSONMembers, heads: JSONMembers, baseModel: String?) -> JSONMembers {
        var merged = backbone
        merged["base_model_type"] = backbone["model_type"]
        merged.set("model_type", string: modelType)
        merged["architectures"] = "[\(JSONMembers.quote(architecture))]"
        for key in headsKeys { merged[key] = heads[key] }
        // What heads read, where an older config does not say.
        for key in ["temperature_hidden_size", "top_p_hidden_size"] where merged[key] == nil {
            merged[key] = backbone["hidden_size"]
        }
        if let baseModel { merged.set("base_model_name_or_path", string: baseModel) }
        return merged
    }

    /// The backbone's config.json again, from a merged one; for checkpoints whose metadata do not keep it.
    ///
    /// - Parameter architecture: from `model_type` to the name in `architectures`, nil where it is not known; the entry
    ///   is then left out.
    static func backboneConfiguration(of merged: JSONMembers, architecture: (String) -> String?) -> JSONMembers? {
        guard let type = merged.string("base_model_type") else { return nil }
        var backbone = merged
        for key in headsKeys + ["base_model_type"] { backbone[key] = nil }
        backbone.set("model_type", string: type)
        backbone["architectures"] = architecture(type).map { "[\(JSONMembers.quote($0))]" }
        return backbone
    }
}

/// The files of a model's folder that are neither weights nor config.json: tokenizer, chat templates,
/// generation_config.json, code, licence.
enum CompanionFiles {
    private static let weights = [
        ".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json", ".pt", ".pth", ".ckpt", ".gguf", ".ggml",
        ".h5", ".msgpack",
        ".onnx", ".onnx_data",
    ]
    /// Further templates, beside chat_template.jinja.
    private static let templates = "additional_chat_templates"
    private static let pieceBytes = 4 << 20

    /// Paths inside the folder, in order. Symbolic links, of which hub caches consist, are followed.
    static func names(in folder: URL) throws -> [String] {
        func files(_ folder: URL) throws -> [String] {
            let names: [String]
            do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
                throw FileError(.mismatch, file: folder.path, "cannot be read: \(error.localizedDescription)")
            }
            return names.sorted().filter { name in
                var isFolder: ObjCBool = false
                let exists = FileManager.default.fileExists(
                    atPath: folder.appendingPathComponent(name).path, isDirectory: &isFolder)
                return exists && !isFolder.boolValue && !name.hasPrefix(".")
            }
        }
        var isFolder: ObjCBool = false
        let more = folder.appendingPathComponent(templates, isDirectory: true)
        let hasMore = FileManager.default.fileExists(atPath: more.path, isDirectory: &isFolder) && isFolder.boolValue
        let own = try files(folder).filter { name in
            name != "config.json" && !weights.contains { name.lowercased().hasSuffix($0) }
        }
        return own + (hasMore ? try files(more).map { "\(templates)/\($0)" } : [])
    }

    static func byteCount(in folder: URL) throws -> Int {
        try names(in: folder).reduce(0) { sum, name in
            let path = folder.appendingPathComponent(name).resolvingSymlinksInPath().path
            return sum + ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int ?? 0)
        }
    }

    static func copy(from folder: URL, to target: URL) throws {
        for name in try names(in: folder) {
            let source = folder.appendingPathComponent(name), place = target.appendingPathComponent(name)
            try makeFolder(of: place)
            do {
                let input = try FileHandle(forReadingFrom: source.resolvingSymlinksInPath())
                defer { try? input.close() }
                let output = try AtomicFile(path: place.path)
                while let piece = try input.read(upToCount: pieceBytes), !piece.isEmpty {
                    try piece.withUnsafeBytes(output.write)
                }
                try output.commit()
            } catch let error as FileError {
                throw error
            } catch {
                throw FileError(.mismatch, file: source.path, "cannot be copied: \(error.localizedDescription)")
            }
        }
    }

    /// Makes the folder that a file is to lie in.
    static func makeFolder(of file: URL) throws {
        let folder = file.deletingLastPathComponent()
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw FileError(.mismatch, file: folder.path, "the folder cannot be made: \(error.localizedDescription)")
        }
    }
}
