import Backbone
import Foundation
import Safetensors
import Terminal

private let modelFolder = Positional.required("DIR", "folder of the backbone")

/// `autodeco-inspect model DIR`: a summary of a backbone.
let modelCommand = Command("model", "Summarises a backbone.", flags: [jsonFlag], positionals: [modelFolder]) {
    arguments, console in
    let directory = folder(arguments[modelFolder])
    // Opening the transformer checks that every tensor is there and has its shape.
    let model = try Transformer(directory: directory)
    let summary = ModelSummary(model.configuration, checkpoint: try Transformer.checkpoint(of: directory))
    try arguments[jsonFlag] ? console.print(json: summary) : console.print(summary.text)
}

private struct ModelSummary: Encodable {
    var family: String
    var layers: Int
    var hiddenSize: Int
    var vocabularySize: Int
    var contextLength: Int
    var tiedEmbeddings: Bool
    var endTokens: [Int]
    var tensors: Int
    var parameters: Int
    var bytes: Int
    /// Number of tensors of each type.
    var types: [String: Int]

    enum CodingKeys: String, CodingKey {
        case family, layers, tensors, parameters, bytes, types
        case hiddenSize = "hidden_size"
        case vocabularySize = "vocab_size"
        case contextLength = "context_length"
        case tiedEmbeddings = "tie_word_embeddings"
        case endTokens = "eos_token_ids"
    }

    init(_ configuration: ModelConfiguration, checkpoint: any TensorSource) {
        family = configuration.family.rawValue
        layers = configuration.layerCount
        hiddenSize = configuration.hiddenSize
        vocabularySize = configuration.vocabularySize
        contextLength = configuration.contextLength
        tiedEmbeddings = configuration.tiesEmbeddings
        endTokens = configuration.endTokens
        let entries = checkpoint.entries
        tensors = entries.count
        parameters = entries.reduce(0) { $0 + $1.count }
        bytes = entries.reduce(0) { $0 + $1.byteRange.count }
        types = Dictionary(grouping: entries, by: \.type.rawValue).mapValues(\.count)
    }

    var text: String {
        """
        \(family), \(layers) layers, hidden states of \(hiddenSize), vocabulary of \(Readable.count(vocabularySize)), \
        context of \(Readable.count(contextLength))
        \(Readable.count(tensors)) tensors, \(Readable.count(parameters)) numbers, \(Readable.bytes(bytes)): \
        \(types.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
        \(tiedEmbeddings ? "the output shares the embedding's weights" : "the output has weights of its own"); \
        ends at token \(endTokens.map(String.init).joined(separator: " or "))
        """
    }
}
