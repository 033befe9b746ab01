/// How a family departs from the common block: RMS norm, causal attention with rope, RMS norm, gated feed-forward with
/// SiLU, both inside a residual; no biases, one pair of matrices for all heads.
struct FamilyTraits: Sendable {
    /// The name in `architectures`.
    let architecture: String
    var attention = Attention.groupedQuery
    var attentionBiases = Biases.all(default: false)
    var headNorms = HeadNorms.none
    /// Each head has a learned logit that takes attention away from all positions.
    var hasSinks = false
    /// Queries, keys and values are one matrix, `qkv_proj`, and so are gate and value of a feed-forward,
    /// `gate_up_proj`.
    var fusesProjections = false
    var experts = Experts.none
    var windows = Windows.none
    var layerNorms = LayerNorms.before
    /// What is added to the weights of all norms.
    var normOffset: Float = 0
    var activation = Activation.silu
    /// Embeddings are multiplied by √D.
    var scalesEmbeddings = false
    /// Queries are scaled by 1/√`query_pre_attn_scalar`, not by 1/√(head size).
    var hasOwnAttentionScale = false
    var ropes = Ropes.everyLayer

    // What holds where the file says nothing.

    var tiesEmbeddings = false
    var defaultEpsilon = 1e-6
    /// `head_dim`; hidden size / heads where this is nil.
    var defaultHeadSize: Int?
    var defaultRopeBase = 10_000.0
    /// `partial_rotary_factor`; nil where all of a head is turned, always.
    var defaultRotaryShare: Double?
    /// Values of `rope_type` that stand for longrope.
    var longRopeNames: Set<String> = ["longrope"]
    /// `n_group`, `topk_group`, `first_k_dense_replace` and `n_shared_experts`, for routers by groups of experts.
    var defaultGroups: (count: Int?, chosenCount: Int?, firstDense: Int, shared: Int) = (nil, nil, 3, 0)

    enum Attention { case groupedQuery, latent }
    /// Which projections of attention carry a bias.
    enum Biases {
        case none
        /// All, where `attention_bias` says so.
        case all(default: Bool)
        /// Queries, keys and values, never the output: always, or where the key says so.
        case queryKeyValue(key: String? = nil, default: Bool = true)
    }
    /// Whether queries and keys go through an RMS norm before rope: each head by itself, or all heads as one row.
    enum HeadNorms {
        case none, eachHead, allHeads
        /// Each head, where `use_qk_norm` says so.
        case configured
    }
    /// How a feed-forward of experts routes and computes.
    enum Experts {
        case none
        /// Softmax over all, the largest k.
        case softmax
        /// The same, and one more expert that all tokens visit, weighted by a sigmoid of its own.
        case softmaxBesideShared
        /// Mixtral: softmax over the chosen, and names of its own.
        case softmaxOfChosen
        /// gpt_oss.
        case clamped
        /// DeepSeek-V3.
        case groupedSigmoid
    }
    /// Where a layer's window comes from. `layer_types` goes before all but the first three rules.
    enum Windows {
        case none
        /// `sliding_window`, where there is one, is that of every layer; this many where the file lacks the key.
        case given(default: Int? = nil)
        /// `use_sliding_window` gives `sliding_window` to every layer.
        case everyLayer
        /// `use_sliding_window` gives `sliding_window` to layers from `max_window_layers` on.
        case upperLayers
        /// `use_sliding_window` gives `sliding_window` to every other layer below `max_window_layers`.
        case lowerAlternating
        /// `use_sliding_window` gives `sliding_window` to the layers without rope.
        case layersWithoutRope
        /// Every other layer from the first on.
        case alternating
        /// All but each `sliding_window_pattern`th layer.
        case pattern(default: Int)
    }
    /// Where a layer has norms: before attention and before the feed-forward, after each, or both.
    enum LayerNorms { case before, after, around }
    /// Which layers have rope, and which one.
    enum Ropes {
        case everyLayer
        /// Those that `no_rope_layers` marks with 1, and without it all but each `no_rope_layer_interval`th.
        case exceptEachFourth
        /// Layers with a window have a base of their own, `rope_local_base_freq`, and are never stretched.
        case windowsApart(base: Double)
    }
}

/// What bends a feed-forward's gate, as `hidden_act` names it.
enum Activation: String, Sendable {
    /// `g·σ(g)`.
    case silu
    /// `g·Φ(g)` as `g/2·(1 + tanh(√(2/π)·(g + 0.044715·g³)))`.
    case gelu = "gelu_pytorch_tanh"
}
