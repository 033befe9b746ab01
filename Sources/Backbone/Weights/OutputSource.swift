import Safetensors

/// Which tensor multiplies hidden states to logits.
public enum OutputSource: String, Sendable, Encodable {
    /// The embedding, which config.json ties to the output.
    case embedding
    /// `lm_head.weight`, which config.json does not tie.
    case own
    /// `lm_head.weight`, though config.json ties it: its values differ from the embedding's.
    case ownAgainstConfiguration = "own_against_configuration"

    static let tensorName = "lm_head.weight", embeddingName = "model.embed_tokens.weight"

    /// What transformers 5 takes (`PreTrainedModel.tie_weights`): of tied tensors the one that is there; both as they
    /// are where they differ.
    ///
    /// - Throws: `ModelError` where config.json does not tie and the file has no output matrix.
    init(tiesEmbeddings: Bool, checkpoint: any TensorSource) throws {
        let output = checkpoint.find(Self.tensorName), embedding = checkpoint.find(Self.embeddingName)
        guard tiesEmbeddings else {
            guard output != nil else {
                throw ModelError(
                    .malformed,
                    "\(checkpoint.path): found no tensor '\(Self.tensorName)', the output matrix, and config.json does "
                        + "not tie it to the embedding; download the model's files again, or add "
                        + "\"tie_word_embeddings\": true to config.json where the model was trained so"
                )
            }
            self = .own
            return
        }
        guard let output, let embedding, try !output.hasSameValues(as: embedding) else {
            self = .embedding
            return
        }
        self = .ownAgainstConfiguration
    }

    /// The tensor's name, and that of the embedding: of tied tensors one may be missing.
    func names(in checkpoint: any TensorSource) -> (embedding: String, output: String) {
        let embedding =
            self == .embedding && !checkpoint.contains(Self.embeddingName) && checkpoint.contains(Self.tensorName)
            ? Self.tensorName : Self.embeddingName
        return (embedding, self == .embedding ? embedding : Self.tensorName)
    }

    /// What a user should know of the choice; nil where all readers agree on it.
    ///
    /// - Parameter path: the checkpoint's.
    func warning(_ path: String) -> String? {
        guard self == .ownAgainstConfiguration else { return nil }
        return
            "\(path): config.json says tie_word_embeddings: true, but \(Self.tensorName) holds other values than the "
            + "embedding; it is taken as the output matrix, as transformers 5 does, while transformers 4.57 overwrites "
            + "it with the embedding; set tie_word_embeddings to false, so that all readers agree"
    }
}
