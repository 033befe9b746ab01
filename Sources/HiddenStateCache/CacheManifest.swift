import Files
import Foundation
import Safetensors

/// `cache.json`: what a cache holds, and a row for each shard.
struct CacheManifest: Codable, Equatable {
    struct Shard: Codable, Equatable {
        /// Name in the cache's folder.
        var file: String
        var tokens: Int
        var trajectories: Int
        /// CRC-32 of the whole file, eight hexadecimal digits.
        var crc32: String
    }

    var formatVersion = Self.currentVersion
    var modelName: String
    var modelPath: String
    var hiddenSize: Int
    var vocabularySize: Int
    var topLogits: Int
    var tailBins: Int
    var hiddenDtype: String
    var rank: Int?
    var products: String?
    var shards: [Shard]

    static let name = "cache.json"
    /// Version 2 adds ``TrajectoryTable``'s columns beside `problem`, and shards may hold `behaviour_log_prob`.
    static let currentVersion = 2

    enum CodingKeys: String, CodingKey {
        case formatVersion = "format_version"
        case modelName = "model_name"
        case modelPath = "model_path"
        case hiddenSize = "hidden_size"
        case vocabularySize = "vocabulary_size"
        case topLogits = "top_logits"
        case tailBins = "tail_bins"
        case hiddenDtype = "hidden_dtype"
        case rank, products, shards
    }

    init(_ description: CacheDescription, shards: [Shard]) {
        (modelName, modelPath) = (description.modelName, description.modelPath)
        (hiddenSize, vocabularySize) = (description.hiddenSize, description.vocabularySize)
        (topLogits, tailBins) = (description.sketch.exact, description.sketch.bins)
        (hiddenDtype, rank) = (description.hiddenType.rawValue, description.rank)
        products = description.products
        self.shards = shards
    }

    /// Reads and checks a cache's manifest.
    ///
    /// - Throws: ``CacheError`` where the file is missing, is no JSON, lacks a key, or contradicts itself.
    init(folder: URL) throws {
        let path = folder.appendingPathComponent(Self.name).path
        let data: Data
        do { data = try Data(file: path) } catch let error as FileError where error.kind == .cannotOpen {
            throw CacheError(path, "\(error.reason), expected the description of a hidden-state cache")
        }
        do {
            self = try JSONDecoder().decodeGuarded(CacheManifest.self, from: data)
        } catch DecodingError.keyNotFound(let key, let context) {
            throw CacheError(path, "\(Self.place(context.codingPath + [key])) is missing")
        } catch DecodingError.typeMismatch(let type, let context), DecodingError.valueNotFound(let type, let context) {
            let place = context.codingPath.isEmpty ? "the file" : Self.place(context.codingPath)
            throw CacheError(path, "\(place) has the wrong type, expected \(Self.word(for: type))")
        } catch {
            throw CacheError(path, "is not valid JSON: \(JSONGuard.reason(in: data))")
        }
        guard (1...Self.currentVersion).contains(formatVersion) else {
            throw CacheError(path, "format_version is \(formatVersion), expected 1 to \(Self.currentVersion)")
        }
        var names: Set<String> = []
        for (number, shard) in shards.enumerated() {
            func check(_ isRight: Bool, _ problem: String) throws {
                if !isRight { throw CacheError(path, "shards[\(number)]: \(problem)") }
            }
            try check(
                !shard.file.isEmpty && !shard.file.contains("/") && shard.file != ".." && shard.file != ".",
                "file is '\(shard.file)', expected a name in the cache's folder")
            try check(names.insert(shard.file).inserted, "file '\(shard.file)' is listed twice")
            try check(shard.tokens > 0, "tokens is \(shard.tokens), expected a whole number above 0")
            try check(
                (1...shard.tokens).contains(shard.trajectories),
                "trajectories is \(shard.trajectories), expected 1 to \(shard.tokens)")
            try check(
                shard.crc32.utf8.count == 8 && UInt32(shard.crc32, radix: 16) != nil,
                "crc32 is '\(shard.crc32)', expected eight hexadecimal digits")
        }
    }

    /// - Throws: ``CacheError`` where a size is out of its range.
    func description(path: String) throws -> CacheDescription {
        guard let type = ElementType(rawValue: hiddenDtype) else {
            throw CacheError(path, "hidden_dtype is '\(hiddenDtype)', expected BF16, F16 or F32")
        }
        var description = try CacheDescription(
            place: path, modelName: modelName, modelPath: modelPath, hiddenSize: hiddenSize,
            vocabularySize: vocabularySize,
            topLogits: topLogits, tailBins: tailBins, hiddenType: type, rank: rank)
        description.products = products
        return description
    }

    func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }

    private static func place(_ keys: [any CodingKey]) -> String {
        keys.reduce("") { text, key in
            key.intValue.map { "\(text)[\($0)]" } ?? (text.isEmpty ? key.stringValue : "\(text).\(key.stringValue)")
        }
    }

    private static func word(for type: Any.Type) -> String {
        type == Int.self
            ? "a whole number"
            : type == String.self ? "a text" : type == [Any].self || type == [Shard].self ? "a list" : "an object"
    }
}
