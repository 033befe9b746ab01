import Backbone
import Configuration

/// Which language model.
public struct ModelSection: Section {
    /// Checkpoint folder as Hugging Face publishes them, with `tokenizer.json`, or a GGUF file.
    public var folder: String?
    /// What reports call the model; null takes the folder's last path component.
    public var name: String?
    /// Of the model's matrix products: BF16 or Float; automatic takes what suits checkpoint and processor.
    public var precision = ProductPrecision.Choice.automatic
    /// D and V, `hidden_size` and `vocab_size` of its config.json: to plan a run where neither model nor cache is at
    /// hand. Where a cache is, it must agree; null leaves them to it.
    public var hiddenSize: Int?
    public var vocabularySize: Int?

    public init() {}

    package static let name = "model"
    package static let keys: [Key<Self>] = [
        Key("folder", \.folder, .path),
        Key("name", \.name, .notEmpty),
        Key("precision", \.precision),
        Key("hiddenSize", \.hiddenSize, .within(1...16_777_216)),
        Key("vocabularySize", \.vocabularySize, .within(1...16_777_216)),
    ]
}

extension ProductPrecision.Choice: KeyChoice, KeyValue {}
