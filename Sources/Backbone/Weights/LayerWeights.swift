import Tensor

// How the configuration's family puts a layer's parts together, and under which names their weights lie.

extension Block {
    /// Reads layer `layer`, put together as the configuration's family has it.
    init(_ weights: WeightReader, _ configuration: ModelConfiguration, layer: Int) throws {
        let size = configuration.hiddenSize, traits = configuration.family.traits
        func norm(_ name: String) throws -> RootMeanSquareNorm {
            try weights.norm(
                name, count: size, epsilon: configuration.normEpsilon, offset: traits.normOffset)
        }
        switch traits.layerNorms {
        case .before:
            attentionNorm = try norm("input_layernorm")
            feedForwardNorm = try norm("post_attention_layernorm")
        case .after:
            attentionOutputNorm = try norm("post_attention_layernorm")
            feedForwardOutputNorm = try norm("post_feedforward_layernorm")
        case .around:
            attentionNorm = try norm("input_layernorm")
            attentionOutputNorm = try norm("post_attention_layernorm")
            feedForwardNorm = try norm("pre_feedforward_layernorm")
            feedForwardOutputNorm = try norm("post_feedforward_layernorm")
        }
        attention =
            if let latent = configuration.latent {
                try LatentAttention(weights.below("self_attn"), configuration, latent, layer: layer)
            } else {
                try GroupedQueryAttention(weights.below("self_attn"), configuration, layer: layer)
            }
        feedForward =
            if let experts = configuration.experts, experts.layers[layer] {
                try ExpertFeedForward(
                    weights.below(traits.experts == .softmaxOfChosen ? "block_sparse_moe" : "mlp"), configuration,
                    experts)
            } else if traits.fusesProjections {
                try GatedFeedForward(
                    fused: weights.below("mlp"), size: size, inner: configuration.intermediateSize,
                    activation: configuration.activation)
            } else {
                try GatedFeedForward(
                    weights.below("mlp"), size: size, inner: configuration.intermediateSize,
                    hasBias: configuration.hasFeedForwardBias, activation: configuration.activation)
            }
    }
}

extension GroupedQueryAttention {
    init(_ weights: WeightReader, _ configuration: ModelConfiguration, layer: Int) throws {
        let size = configuration.hiddenSize, headSize = configuration.headSize, traits = configuration.family.traits
        let inner = configuration.headCount * headSize, groupInner = configuration.keyValueHeadCount * headSize
        let hasBias = configuration.hasQueryKeyValueBias
        if traits.fusesProjections {
            let fused = try weights.projections("qkv_proj", rows: [inner, groupInner, groupInner], columns: size)
            (query, key, value) = (fused[0], fused[1], fused[2])
        } else {
            query = try weights.projection("q_proj", rows: inner, columns: size, hasBias: hasBias)
            key = try weights.projection("k_proj", rows: groupInner, columns: size, hasBias: hasBias)
            value = try weights.projection("v_proj", rows: groupInner, columns: size, hasBias: hasBias)
        }
        output = try weights.projection("o_proj", rows: size, columns: inner, hasBias: configuration.hasOutputBias)
        if configuration.headNorms != .none {
            let isWhole = configuration.headNorms == .allHeads
            func norm(_ name: String, all: Int) throws -> RootMeanSquareNorm {
                try weights.norm(
                    name, count: isWhole ? all : headSize, epsilon: configuration.normEpsilon,
                    offset: traits.normOffset)
            }
            queryNorm = try norm("q_norm", all: inner)
            keyNorm = try norm("k_norm", all: groupInner)
        }
        attention = CausalAttention(
            heads: configuration.headCount, layout: configuration.cacheLayout, scale: configuration.attentionScale,
            window: configuration.windows[layer],
            sinks: traits.hasSinks ? try weights.vector("sinks", count: configuration.headCount) : nil,
            usesBF16: weights.packing == .panels)
    }
}

extension LatentAttention {
    /// ε of the norms inside of attention, which the configuration does not set.
    private static let innerEpsilon = 1e-6

    init(
        _ weights: WeightReader, _ configuration: ModelConfiguration, _ sizes: LatentAttentionConfiguration, layer: Int
    ) throws {
        let size = configuration.hiddenSize, heads = configuration.headCount,
            hasBias = configuration.hasQueryKeyValueBias
        self.sizes = sizes
        if let rank = sizes.queryRank {
            queryDown = try weights.projection("q_a_proj", rows: rank, columns: size, hasBias: hasBias)
            queryNorm = try weights.norm("q_a_layernorm", count: rank, epsilon: Self.innerEpsilon)
            query = try weights.projection("q_b_proj", rows: heads * sizes.headSize, columns: rank)
        } else {
            query = try weights.projection("q_proj", rows: heads * sizes.headSize, columns: size)
        }
        keyValueDown = try weights.projection(
            "kv_a_proj_with_mqa", rows: sizes.keyValueRank + sizes.rotarySize, columns: size, hasBias: hasBias)
        keyValueNorm = try weights.norm("kv_a_layernorm", count: sizes.keyValueRank, epsilon: Self.innerEpsilon)
        keyValueUp = try weights.inFloat.matrix(
            "kv_b_proj.weight", rows: heads * (sizes.plainSize + sizes.valueSize), columns: sizes.keyValueRank)
        output = try weights.projection(
            "o_proj", rows: size, columns: heads * sizes.valueSize, hasBias: configuration.hasOutputBias)
        attention = CausalAttention(
            heads: heads, layout: configuration.cacheLayout, scale: configuration.attentionScale,
            window: configuration.windows[layer])
    }
}
