import Backbone
import Foundation
import Generation
import Safetensors
import Terminal
import Tokenizers

private let modelFolder = Positional.required("MODEL", "folder of the backbone, or a GGUF file")

/// `autodeco-inspect model DIR`: a summary of a backbone.
let modelCommand = Command("model", "Summarises a backbone.", flags: [jsonFlag], positionals: [modelFolder]) {
    arguments, console in
    let directory = folder(arguments[modelFolder])
    // Opening the transformer checks that every tensor is there and has its shape.
    let source = try ModelSource(directory), checkpoint = try source.checkpoint()
    let model = try Transformer(configuration: source.configuration(), checkpoint: checkpoint)
    for warning in model.warnings { console.warning(warning) }
    let summary = try ModelSummary(
        model, checkpoint: checkpoint, tokenizer: tokenizer(in: directory, console),
        template: ChatFormat.template(of: source))
    try arguments[jsonFlag] ? console.print(json: summary) : console.print(summary.text)
}

/// The model's tokenizer, which names an end token, too; nil where there is none, and with a warning where it cannot be
/// read.
private func tokenizer(in directory: URL, _ console: Console) -> Tokenizer? {
    do { return try Tokenizer(ofModel: directory) } catch {
        console.warning("\(error); its end token is not among those below")
        return nil
    }
}

/// A token that ends a text, and the files that say so.
private struct EndToken: Encodable {
    var id: Int
    /// As the vocabulary spells it; nil without a tokenizer.
    var token: String?
    var files: [String]

    var text: String { "\(id)\(token.map { " \($0)" } ?? "") (\(files.joined(separator: ", ")))" }
}

private struct ModelSummary: Encodable {
    var family: String
    var layers: Int
    var hiddenSize: Int
    var vocabularySize: Int
    var contextLength: Int
    var positions: ModelPositions
    var tiedEmbeddings: Bool
    var output: OutputSource
    var endTokens: [Int]
    var ends: [EndToken]
    /// Recommended settings of sampling.
    var sampling: [String: Double]
    /// The format of conversations; nil where the model has no template for them, or one that is not known.
    var chat: String?
    private var hasTemplate: Bool
    var tensors: Int
    var parameters: Int
    var bytes: Int
    /// Number of tensors of each type.
    var types: [String: Int]

    enum CodingKeys: String, CodingKey {
        case family, layers, positions, output, sampling, chat, tensors, parameters, bytes, types
        case hiddenSize = "hidden_size"
        case vocabularySize = "vocab_size"
        case contextLength = "context_length"
        case tiedEmbeddings = "tie_word_embeddings"
        case endTokens = "eos_token_ids"
        case ends = "end_tokens"
    }

    init(_ model: Transformer, checkpoint: any TensorSource, tokenizer: Tokenizer?, template: String?) {
        hasTemplate = template != nil
        chat = template.flatMap(ChatFormat.init(template:))?.kind.rawValue
        let configuration = model.configuration
        output = model.outputSource
        family = configuration.family.rawValue
        layers = configuration.layerCount
        hiddenSize = configuration.hiddenSize
        vocabularySize = configuration.vocabularySize
        contextLength = configuration.contextLength
        positions = ModelPositions(configuration)
        tiedEmbeddings = configuration.tiesEmbeddings
        let named = configuration.namedEnds(with: tokenizer)
        endTokens = NamedEnds.tokens(of: named)
        ends = endTokens.map { id in
            EndToken(
                id: id, token: tokenizer?.token(for: id),
                files: named.filter { $0.tokens.contains(id) }.map(\.file).reduce(into: []) {
                    if !$0.contains($1) { $0.append($1) }
                })
        }
        sampling = configuration.recommendedSampling
        let entries = checkpoint.entries
        tensors = entries.count
        parameters = entries.reduce(0) { $0 + $1.count }
        bytes = entries.reduce(0) { $0 + $1.byteRange.count }
        types = Dictionary(grouping: entries, by: \.type.rawValue).mapValues(\.count)
    }

    var text: String {
        """
        \(family), \(Readable.count(layers, "layer")), hidden states of \(hiddenSize), \
        vocabulary of \(Readable.count(vocabularySize)), \
        context of \(Readable.count(contextLength))
        \(positions.text)
        \(Readable.count(tensors, "tensor")), \(Readable.count(parameters, "number")), \(Readable.bytes(bytes)): \
        \(types.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
        \(output == .embedding ? "the output shares the embedding's weights" : "the output has weights of its own")\
        \(output == .ownAgainstConfiguration ? ", though config.json ties them" : "")
        \(ends.isEmpty ? "no file names an end token" : "texts end at \(ends.map(\.text).joined(separator: " or "))")\
        \(sampling.isEmpty ? "" : "\nrecommends \(samplingText)")\
        \(hasTemplate ? "\nconversations: \(chat ?? "a template that is not known")" : "")
        """
    }

    private var samplingText: String {
        sampling.sorted { $0.key < $1.key }.map { name, value in
            "\(name.replacingOccurrences(of: "_", with: " ")) \(String(format: "%g", value))"
        }.joined(separator: ", ")
    }
}
