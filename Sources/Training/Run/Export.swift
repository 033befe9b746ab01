import AutoDecoHeads
import Files
import Foundation
import HiddenStateCache
import Safetensors

extension Trainer {
    /// Writes heads in the published layout; those of a projected cache are folded, so that they read the full hidden
    /// state.
    ///
    /// - Throws: where the folder cannot be written, or the backbone's config.json is no JSON object.
    func export(_ heads: AutoDecoHeads<Float>) throws {
        let full = cache.projection.map { heads.unprojected(by: $0) } ?? heads
        let file = cache.backboneFolder.appendingPathComponent("config.json")
        let isThere = FileManager.default.fileExists(atPath: file.path)
        let configuration = isThere ? try Data(file: file.path) : Data("{}".utf8)
        try full.write(
            to: folder.heads,
            origin: HeadsOrigin(
                baseModel: baseModel, backboneConfiguration: configuration, modelFingerprint: cache.modelFingerprint))
    }

    /// Writes the README.md of the heads' folder.
    func writeCard(_ summary: TrainingSummary) throws {
        let card = ModelCard(
            summary: summary, baseModel: baseModel, objective: settings.loss.objective.rawValue,
            tokens: plan.trainingTokens + plan.validationTokens)
        try writeFile(Data(card.text.utf8), to: folder.heads.appendingPathComponent(ModelCard.fileName))
    }

    /// Name or path of the backbone.
    private var baseModel: String {
        cache.description.modelPath.isEmpty ? cache.description.modelName : cache.description.modelPath
    }

    func writeFile(_ data: Data, to url: URL) throws { try AtomicFile.write(data, to: url.path) }
}
