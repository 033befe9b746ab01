import Files
import Foundation
import Safetensors

extension AutoDecoHeads where Element: StoredScalar {
    /// Reads heads for a model that is there, and holds them against it.
    ///
    /// - Parameters:
    ///   - hiddenSize: D of the model that they are to decode.
    ///   - vocabularySize: its V.
    ///   - modelFingerprint: stands for its weights; nil accepts the heads of any model of these sizes.
    /// - Throws: ``HeadsFileError`` for heads of a model of another D, or of another V or other weights where their
    ///   config.json names them; what reading them throws.
    public init(folder: URL, hiddenSize: Int, vocabularySize: Int, modelFingerprint: String? = nil) throws {
        try self.init(folder: folder)
        guard configuration.hiddenSize == hiddenSize else {
            throw HeadsFileError(
                folder,
                "the heads read hidden states of size \(configuration.hiddenSize), the model's have \(hiddenSize); "
                    + "give heads that were fitted to this model"
            )
        }
        try Self.requireVocabulary(vocabularySize, folder: folder)
        if let modelFingerprint { try Self.requireModel(modelFingerprint, folder: folder) }
    }

    /// - Throws: ``HeadsFileError`` where config.json names other weights; heads that name none fit.
    private static func requireModel(_ fingerprint: String, folder: URL) throws {
        let file = folder.appendingPathComponent("config.json")
        guard let data = try? Data(file: file.path),
            let entry = try? JSONDecoder().decodeGuarded(ModelEntry.self, from: data), let named = entry.fingerprint
        else { return }
        guard named == fingerprint else {
            throw HeadsFileError(
                file,
                "the heads were fitted to \(entry.name.map { "\(quoted($0)), " } ?? "")the model with the fingerprint "
                    + "\(named), found one of the same sizes with \(fingerprint); give heads and model that belong "
                    + "together, or --any-model"
            )
        }
    }

    /// Holds a heads folder against logits that it is to be used with: a model may share D with another and still be
    /// another.
    ///
    /// - Parameter vocabularySize: V of the model, or of the cache.
    /// - Throws: ``HeadsFileError`` where config.json names another `vocab_size`; heads that name none fit.
    public static func requireVocabulary(_ vocabularySize: Int, folder: URL) throws {
        let file = folder.appendingPathComponent("config.json")
        guard let data = try? Data(file: file.path),
            let named = (try? JSONDecoder().decodeGuarded(VocabularyEntry.self, from: data))?.size
        else { return }
        guard named == vocabularySize else {
            throw HeadsFileError(
                file,
                "the heads were fitted to a model with a vocabulary of \(named) tokens, found one of "
                    + "\(vocabularySize); give heads and model that belong together"
            )
        }
    }
}

private struct ModelEntry: Decodable {
    var fingerprint: String?
    var name: String?

    enum CodingKeys: String, CodingKey {
        case fingerprint = "base_model_fingerprint"
        case name = "base_model_name_or_path"
    }
}

private struct VocabularyEntry: Decodable {
    var size: Int?

    enum CodingKeys: String, CodingKey { case size = "vocab_size" }
}
