import AutoDecoHeads
import Backbone
import Decoding
import Files
import Foundation
import Tensor
import Trajectories

/// Heads that are measured: what they are, what they are called, and what stands for their content.
public struct TrainedHeads: Sendable {
    public let heads: AutoDecoHeads<Float>
    /// Of the run that trained them.
    public var name: String
    /// Sizes and checksums of both files.
    let content: String
    /// Eight hexadecimal digits that stand for it.
    public let contentDigits: String

    /// - Parameter model: the one that they decode.
    /// - Throws: ``EvaluationError`` for a folder without heads; `HeadsFileError` for those that cannot be read or are
    ///   of a model of other sizes or, unless it accepts them, of another model.
    public init(folder: URL, model: ModelConfiguration) throws {
        let files = ["config.json", "model.safetensors"].map { folder.appendingPathComponent($0) }
        for file in files where !FileManager.default.fileExists(atPath: file.path) {
            throw EvaluationError(
                "\(folder.relativePath): holds no trained heads, there is no \(file.lastPathComponent); train them "
                    + "first, or name another folder"
            )
        }
        heads = try AutoDecoHeads<Float>(
            folder: folder, hiddenSize: model.hiddenSize, vocabularySize: model.vocabularySize,
            modelFingerprint: model.acceptsAnyHeads ? nil : model.modelFingerprint)
        // A run keeps its heads in a folder of that name: the run is what tells them apart.
        name = (folder.lastPathComponent == "heads" ? folder.deletingLastPathComponent() : folder).lastPathComponent
        var fingerprint = Fingerprint()
        for file in files { try fingerprint.add(file.lastPathComponent, contentOf: file.path) }
        (content, contentDigits) = (fingerprint.text, fingerprint.digits)
    }

    /// Reads several folders; heads whose runs have the same name are called by their whole path.
    static func reading(_ folders: [String], model: ModelConfiguration) throws -> [TrainedHeads] {
        var all = try folders.map {
            try TrainedHeads(folder: URL(fileURLWithPath: $0, isDirectory: true), model: model)
        }
        let names = all.map(\.name)
        for i in all.indices where names.count(where: { $0 == names[i] }) > 1 { all[i].name = folders[i] }
        return all
    }

    /// Decodes with them.
    ///
    /// - Parameter applying: one head alone leaves the other knob at 1.
    public func method(_ name: String, filter: NucleusFilter, applying: HeadSelection = .both) -> Method {
        Method(
            name: name, setting: "heads (\(content)), \(filter.rawValue), applying \(applying.rawValue)",
            policy: HeadsPolicy(heads: heads, filter: filter, applying: applying))
    }

    /// What trajectories that are drawn with them call their policy, without the model.
    public func policyName(_ filter: NucleusFilter) -> String { "heads \(contentDigits), \(filter.rawValue)" }

    var hasBoth: Bool { heads.configuration.heads == .both }
}
