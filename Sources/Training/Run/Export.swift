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
        let configuration = FileManager.default.contents(atPath: file.path) ?? Data("{}".utf8)
        let model = cache.description.modelPath.isEmpty ? cache.description.modelName : cache.description.modelPath
        try full.write(to: folder.heads, origin: HeadsOrigin(baseModel: model, backboneConfiguration: configuration))
    }

    func writeFile(_ data: Data, to url: URL) throws { try AtomicFile.write(data, to: url.path) }
}
