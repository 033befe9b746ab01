import Foundation
import LogitSketches
import Safetensors

/// One shard on disk: its tensors, by name, shape and type.
///
/// Four-byte columns come first, so that they are aligned; a shard that somebody else wrote in another order is read as
/// well.
struct ShardFile {
    let file: SafetensorsFile
    let tokens: Int
    let hidden: StoredTensor
    let labels: StoredTensor
    let trajectories: StoredTensor
    let positions: StoredTensor
    let labelRanks: StoredTensor
    /// Log-probabilities of the labels under the policy that drew them; nil where unknown.
    let behaviour: StoredTensor?
    /// Tensors with a row a token of many numbers, which are worth reading ahead.
    let wideTensors: [StoredTensor]
    let sketches: SketchColumns<Float>

    static func name(_ number: Int) -> String {
        let digits = String(number)
        return "shard-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + ".safetensors"
    }

    /// Maps a shard and checks that it has the tensors that the description asks for.
    ///
    /// - Throws: `FileError` where it is missing, damaged, or has tensors of other shapes or types; ``CacheError``
    ///   where it holds another number of tokens, or hidden states of other sizes or vocabularies.
    init(path: String, tokens: Int, _ description: CacheDescription) throws {
        let file = try SafetensorsFile(path: path)
        for declaration in Self.declarations(tokens: tokens, description) {
            _ = try file.require(declaration.name, shape: declaration.shape.map { $0 }, types: [declaration.type])
        }
        let hasTail = Self.hasTail(description)
        if !hasTail, let extra = ["tail_count", "tail_mean", "tail_variance"].first(where: file.contains) {
            throw CacheError(
                path, "holds \(extra), expected none because all \(description.vocabularySize) logits are kept exactly")
        }
        func bytes(_ name: String) throws -> UnsafeRawBufferPointer { try file.tensor(name).bytes }
        (self.file, self.tokens) = (file, tokens)
        hidden = try file.tensor("hidden")
        labels = try file.tensor("label")
        trajectories = try file.tensor("trajectory")
        positions = try file.tensor("position")
        labelRanks = try file.tensor("label_rank")
        behaviour =
            file.contains("behaviour_log_prob")
            ? try file.require("behaviour_log_prob", shape: [tokens], types: [.f32]) : nil
        wideTensors =
            try ["hidden", "top_logits"].map(file.tensor)
            + ["tail_count", "tail_mean", "tail_variance"].compactMap(file.find)
        sketches = SketchColumns(
            count: tokens, vocabularySize: description.vocabularySize, shape: description.sketch,
            labelRanks: try bytes("label_rank"),
            labelLogits: try bytes("label_logit"), topLogits: try bytes("top_logits"),
            tail: hasTail ? (try bytes("tail_count"), try bytes("tail_mean"), try bytes("tail_variance")) : nil)
    }

    /// Looks at what says where tokens belong: what is read of them singly relies on it. Logits and hidden states are
    /// looked at when they are loaded.
    ///
    /// - Throws: ``CacheError`` for a label or a rank outside of the vocabulary, a position below 0, and a behaviour
    ///   log-probability that is none.
    func requireSoundRows(_ description: CacheDescription) throws {
        let tokens = Int32(description.vocabularySize)
        let columns = [("label", labels, tokens), ("label_rank", labelRanks, tokens), ("position", positions, .max)]
        for (name, column, end) in columns {
            let numbers = try column.values(as: Int32.self)
            if let row = numbers.firstIndex(where: { $0 < 0 || $0 >= end }) {
                let range = "expected a whole number from 0 to \(end - 1)"
                throw CacheError(file.path, "row \(row): the \(name) is \(numbers[row]), \(range)")
            }
        }
        let behaviour = try behaviour?.values(as: Float.self) ?? []
        if let row = behaviour.firstIndex(where: { !($0 <= 0 && $0.isFinite) }) {
            throw CacheError(
                file.path,
                "row \(row): the behaviour_log_prob is \(behaviour[row]), expected a finite number up to 0")
        }
    }

    static func hasTail(_ description: CacheDescription) -> Bool {
        description.vocabularySize > description.sketch.exact
    }

    /// The tensors of a shard, in the order in which they are written.
    static func declarations(
        tokens: Int, _ description: CacheDescription, hasBehaviour: Bool = false
    ) -> [TensorDeclaration] {
        let exact = min(description.sketch.exact, description.vocabularySize), tail = description.sketch.bins + 1
        let tails = ["tail_count", "tail_mean", "tail_variance"].map { TensorDeclaration($0, .f32, [tokens, tail]) }
        return ["label", "label_rank", "trajectory", "position"].map { TensorDeclaration($0, .i32, [tokens]) }
            + [
                TensorDeclaration("label_logit", .f32, [tokens]),
                TensorDeclaration("top_logits", .f32, [tokens, exact]),
            ]
            + (hasBehaviour ? [TensorDeclaration("behaviour_log_prob", .f32, [tokens])] : [])
            + (hasTail(description) ? tails : [])
            + [TensorDeclaration("hidden", description.hiddenType, [tokens, description.storedSize])]
    }
}
