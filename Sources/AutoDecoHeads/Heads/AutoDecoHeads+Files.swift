import Files
import Foundation
import MergedCheckpoint
import Safetensors
import Tensor

/// A heads folder that cannot be read: which file, what was found and what was expected.
public struct HeadsFileError: Error, CustomStringConvertible {
    /// The file, then what was found and what was expected.
    public let description: String

    init(_ file: URL, _ problem: String) { description = "\(file.path): \(problem)" }
}

/// Where heads belong: the entries of config.json that only the training program knows.
public struct HeadsOrigin: Sendable, Equatable {
    /// Name or path of the backbone, `base_model_name_or_path`.
    public var baseModel: String
    /// The backbone's own config.json, which the heads' config.json repeats; `{}` where there is none.
    public var backboneConfiguration: Data

    /// Stands for the backbone's weights, `base_model_fingerprint`; nil where nobody knows.
    public var modelFingerprint: String?

    /// An origin from the backbone's name or path, its config.json and what stands for its weights.
    public init(
        baseModel: String, backboneConfiguration: Data = Data("{}".utf8), modelFingerprint: String? = nil
    ) {
        self.baseModel = baseModel
        self.modelFingerprint = modelFingerprint
        self.backboneConfiguration = backboneConfiguration
    }
}

// A heads folder, as the released code and its vLLM build read it: `model.safetensors` with `temp_head.mlp.0.weight`
// and so on, and `config.json`, the backbone's own with the entries below.

extension AutoDecoHeads where Element: StoredScalar {
    /// Reads heads: from a folder of their own, or from a merged checkpoint (``MergedLayout``), whatever shard they
    /// are in.
    ///
    /// Of config.json only `hidden_size`, `enable_temperature_head`, `enable_top_p_head` and `use_enhanced_features`
    /// are required; tensors may have any float type.
    ///
    /// - Throws: ``HeadsFileError`` for a config that is missing or contradicts itself, and for a number that is not
    ///   finite;
    ///   `FileError` for a file
    ///   that is damaged, a tensor that is missing, and one whose shape does not fit the config.
    public init(folder: URL) throws {
        let configuration = try HeadsConfiguration(file: folder.appendingPathComponent("config.json"))
        let file = try Checkpoint(folder: folder.path)
        let floats: [ElementType] = [.f64, .f32, .f16, .bf16]
        func read(_ head: HeadParameters<[Int]>, _ prefix: String) throws -> HeadParameters<Tensor<Element>> {
            func tensor(_ name: String, _ shape: [Int]) throws -> Tensor<Element> {
                let stored = try file.require("\(prefix).\(name)", shape: shape.map { $0 }, types: floats)
                let values = try stored.values(as: Element.self)
                if let place = values.firstIndex(where: { !$0.isFinite }) {
                    throw HeadsFileError(
                        folder, "\(prefix).\(name) holds \(values[place]) as element \(place), expected finite numbers")
                }
                return Tensor(shape: shape, values)
            }
            let names = HeadParameters<String>.names
            return HeadParameters(
                firstWeight: try tensor(names.firstWeight, head.firstWeight),
                firstBias: try tensor(names.firstBias, head.firstBias),
                secondWeight: try tensor(names.secondWeight, head.secondWeight),
                secondBias: try tensor(names.secondBias, head.secondBias))
        }
        let shapes = Self.shapes(for: configuration)
        self.init(
            configuration: configuration,
            parameters: HeadsParameters(
                temperature: try shapes.temperature.map { try read($0, MergedLayout.temperaturePrefix) },
                topP: try shapes.topP.map { try read($0, MergedLayout.topPPrefix) }))
    }

    /// Writes a heads folder: F32 tensors, what stock `transformers` needs to decode with them
    /// (``MergedCheckpoint/CustomGenerate``), then config.json. Each file is written whole or not at all.
    ///
    /// - Throws: `FileError` where the folder cannot be written; ``HeadsFileError`` where the backbone's
    ///   configuration is no JSON object, and for a number that is not finite, before anything is written.
    public func write(to folder: URL, origin: HeadsOrigin) throws {
        for (name, value) in parameters.named {
            let stored = value.converted(to: Float.self).elements
            guard let place = stored.firstIndex(where: { !$0.isFinite }) else { continue }
            throw HeadsFileError(
                folder,
                "\(name) would hold \(stored[place]) as element \(place), expected finite numbers; nothing is written")
        }
        let config = try configuration.json(origin: origin, file: folder.appendingPathComponent("config.json"))
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw HeadsFileError(folder, "the folder cannot be made: \(error.localizedDescription)")
        }
        let tensors = parameters.named.map { name, value in
            NewTensor(name, value.shape, value.converted(to: Float.self).elements, as: .f32)
        }
        try SafetensorsWriter.write(
            tensors, metadata: ["format": "pt"], to: folder.appendingPathComponent("model.safetensors").path)
        try CustomGenerate.write(to: folder)
        try AtomicFile.write(config, to: folder.appendingPathComponent("config.json").path)
    }
}

extension HeadsConfiguration {
    /// Reads the entries that describe heads from a config.json.
    init(file: URL) throws {
        let data: Data
        do { data = try Data(file: file.path) } catch let error as FileError where error.kind == .cannotOpen {
            throw HeadsFileError(file, "\(error.reason), expected the config.json of a folder with trained heads")
        }
        let entries: HeadsEntries
        do {
            entries = try JSONDecoder().decodeGuarded(HeadsEntries.self, from: data)
        } catch DecodingError.keyNotFound(let key, _) {
            throw HeadsFileError(file, "\(key.stringValue) is missing, expected \(HeadsEntries.expectation(key))")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            guard let key = context.codingPath.first else { throw HeadsFileError(file, "is not a JSON object") }
            throw HeadsFileError(
                file, "\(key.stringValue) has the wrong type, expected \(HeadsEntries.expectation(key))")
        } catch {
            throw HeadsFileError(file, "is not valid JSON: \(JSONGuard.reason(in: data))")
        }
        guard (1...HeadsConfiguration.largestHiddenSize).contains(entries.hiddenSize) else {
            throw HeadsFileError(
                file,
                "hidden_size is \(entries.hiddenSize), expected a whole number from 1 to "
                    + "\(HeadsConfiguration.largestHiddenSize)"
            )
        }
        let heads: HeadSelection
        switch (entries.hasTemperature, entries.hasTopP) {
        case (true, true): heads = .both
        case (true, false): heads = .temperature
        case (false, true): heads = .topP
        case (false, false):
            throw HeadsFileError(
                file, "enable_temperature_head and enable_top_p_head are both false, expected at least one head")
        }
        self.init(hiddenSize: entries.hiddenSize, heads: heads, enhancedFeatures: entries.enhancedFeatures)
    }

    /// The heads' config.json: the backbone's with the entries of AutoDeco.
    func json(origin: HeadsOrigin, file: URL) throws -> Data {
        guard var object = try? JSONSerialization.jsonObject(with: origin.backboneConfiguration) as? [String: Any]
        else {
            throw HeadsFileError(file, "the backbone's configuration is not a JSON object")
        }
        if let type = object["model_type"] { object["base_model_type"] = type }
        object["model_type"] = MergedLayout.modelType
        object["architectures"] = [MergedLayout.architecture]
        object["base_model_name_or_path"] = origin.baseModel
        object["base_model_fingerprint"] = origin.modelFingerprint
        object["hidden_size"] = hiddenSize
        object["enable_temperature_head"] = heads.hasTemperature
        object["enable_top_p_head"] = heads.hasTopP
        object["use_enhanced_features"] = enhancedFeatures
        // What the heads read, not how wide they are inside.
        object["temperature_hidden_size"] = hiddenSize
        object["top_p_hidden_size"] = hiddenSize
        return try JSONSerialization.data(
            withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    }
}

/// The entries of a config.json that describe heads.
private struct HeadsEntries: Decodable {
    var hiddenSize: Int
    var hasTemperature: Bool
    var hasTopP: Bool
    var enhancedFeatures: Bool

    enum CodingKeys: String, CodingKey {
        case hiddenSize = "hidden_size"
        case hasTemperature = "enable_temperature_head"
        case hasTopP = "enable_top_p_head"
        case enhancedFeatures = "use_enhanced_features"
    }

    static func expectation(_ key: any CodingKey) -> String {
        key.stringValue == CodingKeys.hiddenSize.stringValue
            ? "a whole number from 1 to \(HeadsConfiguration.largestHiddenSize)"
            : "true or false"
    }
}
