import Files
import Foundation
import Safetensors

/// A GGUF model in the layout that Hugging Face publishes: tensors under its names, and the files of its folder made
/// from the metadata.
///
/// Nothing is copied: an expert's matrix is a piece of the tensor that holds them all. The rows of llama's queries and
/// keys stay in the file's order, of which ``pairsAreNeighbours`` tells.
public struct GGUFModel: TensorSource {
    /// The model's file; of a split one the first.
    public let path: String
    public let metadata: Metadata
    public let entries: [TensorEntry]
    public let pairsAreNeighbours: Bool
    let architecture: Architecture
    let parts: GGUFParts
    private let tensors: [String: StoredTensor]

    /// Of llama 3.1 and later: what frequencies of rope are divided by.
    static let ropeFactorsName = "rope_freqs.weight"

    /// - Throws: `FileError` for malformed files, and for an architecture or tensors that are not known.
    public init(path: String) throws {
        let parts = try GGUFParts(path: path), metadata = parts.metadata
        let name = try metadata.text("general.architecture")
        guard let architecture = Architecture(rawValue: name) else {
            throw metadata.failure(
                "general.architecture",
                expected: "one of " + Architecture.allCases.map(\.rawValue).joined(separator: ", "))
        }
        var tensors: [String: StoredTensor] = [:], entries: [TensorEntry] = []
        func add(_ tensor: StoredTensor, as name: String) {
            let entry = TensorEntry(
                name: name, type: tensor.type, shape: tensor.shape, byteRange: tensor.entry.byteRange)
            tensors[name] = StoredTensor(file: tensor.file, entry: entry)
            entries.append(entry)
        }
        for entry in parts.entries where entry.name != Self.ropeFactorsName {
            guard let tensor = parts.find(entry.name) else { continue }
            if let name = Architecture.outerNames[entry.name] {
                add(tensor, as: name)
                continue
            }
            guard let (layer, part, ending) = Self.place(entry.name), let name = architecture.layerName(part) else {
                throw FileError(
                    .malformed, file: tensor.file.path,
                    "found tensor \(quoted(entry.name)), expected those of a model of architecture "
                        + architecture.rawValue)
            }
            switch name {
            case .single(let name): add(tensor, as: "model.layers.\(layer).\(name).\(ending)")
            case .bare(let name): add(tensor, as: "model.layers.\(layer).\(name)")
            case .stack(let list, let part):
                for (expert, piece) in tensor.slices.enumerated() {
                    add(piece, as: "model.layers.\(layer).\(list).\(expert).\(part).\(ending)")
                }
            }
        }
        (self.path, self.metadata, self.parts, self.architecture) = (path, metadata, parts, architecture)
        (self.tensors, self.entries, pairsAreNeighbours) = (tensors, entries, architecture.pairsAreNeighbours)
    }

    public func find(_ name: String) -> StoredTensor? { tensors[name] }

    /// `blk.3.attn_q.weight`, taken apart.
    private static func place(_ name: String) -> (layer: Int, part: String, ending: String)? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "blk", let layer = Int(parts[1]), layer >= 0,
            parts[3] == "weight" || parts[3] == "bias"
        else { return nil }
        return (layer, String(parts[2]), String(parts[3]))
    }

    /// The files of the model's folder, by name: config.json, generation_config.json and, where the metadata have a
    /// tokenizer, tokenizer.json and tokenizer_config.json.
    ///
    /// - Throws: `FileError` for metadata that are malformed or not known.
    public func files() throws -> [(name: String, content: Data)] {
        var files = [("config.json", try configuration()), ("generation_config.json", try generation())]
        if let tokenizer = try tokenizer() {
            files += [("tokenizer.json", tokenizer.document), ("tokenizer_config.json", tokenizer.configuration)]
        }
        return files.map { (name: $0.0, content: $0.1) }
    }
}

extension StoredTensor {
    /// The tensors that lie along the first dimension, one after the other.
    fileprivate var slices: [StoredTensor] {
        guard let count = shape.first, count > 0 else { return [] }
        let width = entry.byteRange.count / count
        return (0..<count).map { index in
            let first = entry.byteRange.lowerBound + index * width
            return StoredTensor(
                file: file,
                entry: TensorEntry(
                    name: name, type: type, shape: Array(shape.dropFirst()), byteRange: first..<first + width))
        }
    }
}
