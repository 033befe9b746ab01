import AutoDecoHeads
import Files
import Foundation
import Safetensors
import Tensor

/// A run's state on disk: one safetensors file, which is replaced as a whole, so that there is always a complete one.
///
/// Tensors are the heads under their published names, `adamw.first_moment.…` and `adamw.second_moment.…`, and `best.…`,
/// the heads with the lowest validation loss; `__metadata__` holds step, place in the data, progress, configuration and
/// the cache's fingerprint as JSON.
struct TrainingCheckpoint {
    static let name = "checkpoint.safetensors"
    /// Of the file, and of how trajectories are held out: another version is not gone on with.
    static let formatVersion = "2"
    /// More than a run can be asked for.
    private static let mostSteps = 1_000_000_000

    let configuration: HeadsConfiguration
    let identity: RunIdentity

    private var names: [String] { AutoDecoHeads<Float>.shapes(for: configuration).named.map(\.name) }

    /// - Parameter place: epoch and trajectory where the next step begins, for readers of the file.
    /// - Throws: `FileError` where the file cannot be written; the one before it is then untouched.
    func write(_ state: TrainingState, place: (epoch: Int, trajectory: Int), to path: String) throws {
        func tensors(_ prefix: String, _ values: [Tensor<Float>]) -> [NewTensor] {
            zip(names, values).map { NewTensor(prefix + $0, $1.shape, $1.elements) }
        }
        let all =
            tensors("", state.parameters) + tensors("adamw.first_moment.", state.optimizer.firstMoments)
            + tensors("adamw.second_moment.", state.optimizer.secondMoments) + tensors("best.", state.bestParameters)
        let metadata = [
            "format": "pt", "checkpoint_version": Self.formatVersion, "step": "\(state.step)",
            "epoch": "\(place.epoch)",
            "trajectory": "\(place.trajectory)", "progress": try Self.text(state.progress),
            "training": try Self.text(identity.settings),
            "cache": identity.cache,
        ].merging(identity.initialHeads.map { ["initial_heads": $0] } ?? [:]) { $1 }
        try SafetensorsWriter.write(all, metadata: metadata, to: path)
    }

    /// Reads a state back.
    ///
    /// - Throws: ``TrainingError`` where the checkpoint belongs to another configuration or cache, with all that
    ///   differs;
    ///   `FileError` where the file is damaged.
    func read(_ path: String, settings: AdamWSettings) throws -> TrainingState {
        let file = try SafetensorsFile(path: path), metadata = file.metadata
        func damaged(_ what: String) -> TrainingError {
            TrainingError(.runFolder, "\(path): \(what), expected a checkpoint of a training run")
        }
        guard metadata["checkpoint_version"] == Self.formatVersion else {
            throw damaged("checkpoint_version is \(metadata["checkpoint_version"] ?? "missing")")
        }
        guard
            let before = metadata["training"].flatMap({
                try? JSONDecoder().decodeGuarded([String: JSONValue].self, from: Data($0.utf8))
            })
        else {
            throw damaged("the configuration is missing")
        }
        let differences = identity.differences(
            from: RunIdentity(settings: before, cache: metadata["cache"] ?? "", initialHeads: metadata["initial_heads"])
        )
        guard differences.isEmpty else {
            throw TrainingError(
                .differentConfiguration,
                "\(path): was made under another configuration: \(differences.joined(separator: "; ")); change it "
                    + "back, or give another training.folder"
            )
        }
        guard let step = metadata["step"].flatMap({ Int($0) }), step >= 0,
            let progress = metadata["progress"].flatMap({
                try? JSONDecoder().decodeGuarded(TrainingState.Progress.self, from: Data($0.utf8))
            })
        else { throw damaged("step or progress is missing") }
        let shapes = AutoDecoHeads<Float>.shapes(for: configuration).named.map(\.value)
        func tensors(_ prefix: String) throws -> [Tensor<Float>] {
            try zip(names, shapes).map { name, shape in
                let stored = try file.require(prefix + name, shape: shape.map { $0 }, types: [.f32])
                let values = try stored.values(as: Float.self)
                if let place = values.firstIndex(where: { !$0.isFinite }) {
                    throw damaged("\(prefix + name) holds \(values[place]) as element \(place)")
                }
                return Tensor(shape: shape, values)
            }
        }
        return TrainingState(
            parameters: try tensors(""),
            optimizer: AdamW(
                step: step, firstMoments: try tensors("adamw.first_moment."),
                secondMoments: try tensors("adamw.second_moment."),
                decays: TrainingState.decays(names), settings: settings),
            bestParameters: try tensors("best."), progress: progress)
    }

    private static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "NaN")
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

/// What a run must have in common with the checkpoint that it goes on from.
struct RunIdentity {
    /// Section `training`, without what changes no number.
    let settings: [String: JSONValue]
    /// CRC-32 of the cache's description, which holds those of its shards.
    let cache: String
    /// What tells the heads that the run began with from others; nil where these were random ones.
    let initialHeads: String?

    /// Of the initial heads their content counts, not where they lie.
    private static let withoutEffect: Set = ["folder", "checkpointEvery", "initialHeads"]

    init(settings: [String: JSONValue], cache: String, initialHeads: String? = nil) {
        // As a checkpoint gives it back, where 1.0 has become 1.
        let text = try? JSONEncoder().encode(settings.filter { !Self.withoutEffect.contains($0.key) })
        self.settings =
            text.flatMap { try? JSONDecoder().decodeGuarded([String: JSONValue].self, from: $0) } ?? settings
        (self.cache, self.initialHeads) = (cache, initialHeads)
    }

    /// In words: "training.learningRate was 0.001 and is 0.002".
    func differences(from before: RunIdentity) -> [String] {
        // Before there was a choice, products were Float.
        let earlier = before.settings.merging(["precision": .string(TrainingPrecision.float.rawValue)]) { kept, _ in
            kept
        }
        let keys = Set(settings.keys).union(earlier.keys).sorted()
        var differences = keys.filter { settings[$0] != earlier[$0] }.map { key in
            "training.\(key) was \(Self.shown(earlier[key])) and is \(Self.shown(settings[key]))"
        }
        if cache != before.cache { differences.append("the cache was another one (\(before.cache), now \(cache))") }
        if initialHeads != before.initialHeads {
            differences.append(
                "training.initialHeads were \(before.initialHeads ?? "random ones") and are "
                    + "\(initialHeads ?? "random ones")"
            )
        }
        return differences
    }

    private static func shown(_ value: JSONValue?) -> String {
        guard let value, let data = try? JSONEncoder().encode(value) else { return "missing" }
        return String(decoding: data, as: UTF8.self)
    }
}
