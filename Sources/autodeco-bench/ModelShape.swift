import Foundation
import Safetensors

/// The sizes of a published model, from which its tensors and its config.json follow.
struct ModelShape {
    let type: String
    let layers: Int
    /// D, inner width of the feed-forward, V.
    let hidden: Int, inner: Int, vocabulary: Int
    let heads: Int, keyValueHeads: Int, headSize: Int
    let hasBiases: Bool, tiesEmbeddings: Bool
    /// The longest sequence.
    var context = 131_072

    static let qwen2With7B = ModelShape(
        type: "qwen2", layers: 28, hidden: 3584, inner: 18944, vocabulary: 152_064, heads: 28, keyValueHeads: 4,
        headSize: 128,
        hasBiases: true, tiesEmbeddings: false)

    /// Llama-3.2-1B with half of its layers.
    static let halfOfLlama1B = ModelShape(
        type: "llama", layers: 8, hidden: 2048, inner: 8192, vocabulary: 128_256, heads: 32, keyValueHeads: 8,
        headSize: 64,
        hasBiases: false, tiesEmbeddings: true)

    /// A model of 0.8 million weights with characters as tokens.
    static let tinyLlama = ModelShape(
        type: "llama", layers: 4, hidden: 128, inner: 384, vocabulary: 40, heads: 4, keyValueHeads: 2, headSize: 32,
        hasBiases: false, tiesEmbeddings: true, context: 512)

    /// Qwen2.5-7B's output matrix behind a layer that costs next to nothing.
    static let outputOfQwen2With7B = ModelShape(
        type: "qwen2", layers: 1, hidden: 3584, inner: 64, vocabulary: 151_936, heads: 1, keyValueHeads: 1,
        headSize: 64,
        hasBiases: true, tiesEmbeddings: true)

    /// The matrices of a layer, [outputs, inputs], under their names below it.
    var matrices: [(name: String, outputs: Int, inputs: Int)] {
        let groups = keyValueHeads * headSize
        return [
            ("self_attn.q_proj", heads * headSize, hidden), ("self_attn.k_proj", groups, hidden),
            ("self_attn.v_proj", groups, hidden),
            ("self_attn.o_proj", hidden, heads * headSize),
            ("mlp.gate_proj", inner, hidden), ("mlp.up_proj", inner, hidden), ("mlp.down_proj", hidden, inner),
        ]
    }

    /// Weights of a layer's matrices.
    var layerWeights: Int { matrices.reduce(0) { $0 + $1.outputs * $1.inputs } }
    /// Weights of the output matrix, and of the embedding.
    var outputWeights: Int { vocabulary * hidden }
    /// Numbers that one position leaves in a layer's cache.
    var cacheWidth: Int { 2 * keyValueHeads * headSize }

    static func layerPrefix(_ layer: Int) -> String { "model.layers.\(layer)." }

    func declarations(layers: Int) -> [TensorDeclaration] {
        func norm(_ name: String) -> TensorDeclaration { TensorDeclaration("\(name).weight", .bf16, [hidden]) }
        let biased = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]
        return [TensorDeclaration("model.embed_tokens.weight", .bf16, [vocabulary, hidden])]
            + (0..<layers).flatMap { layer in
                let prefix = Self.layerPrefix(layer)
                return [norm(prefix + "input_layernorm"), norm(prefix + "post_attention_layernorm")]
                    + matrices.map { TensorDeclaration("\(prefix)\($0.name).weight", .bf16, [$0.outputs, $0.inputs]) }
                    + matrices.filter { hasBiases && biased.contains($0.name) }
                    .map { TensorDeclaration("\(prefix)\($0.name).bias", .bf16, [$0.outputs]) }
            } + [norm("model.norm")]
    }

    /// config.json of a model with so many of these layers.
    func configuration(layers: Int) -> String {
        """
        {
          "model_type": "\(type)", "num_hidden_layers": \(layers),
          "hidden_size": \(hidden), "intermediate_size": \(inner), "vocab_size": \(vocabulary),
          "num_attention_heads": \(heads), "num_key_value_heads": \(keyValueHeads), "head_dim": \(headSize),
          "max_position_embeddings": \(context), "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
          "tie_word_embeddings": \(tiesEmbeddings), "hidden_act": "silu", "torch_dtype": "bfloat16"
        }
        """
    }
}
