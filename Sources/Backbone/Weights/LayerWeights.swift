import Tensor

// How the configuration's family puts a layer's parts together, and under which names their weights lie.

extension Block {
    /// Reads layer `layer`, put together as the configuration's family has it.
    init(_ weights: WeightReader, _ configuration: ModelConfiguration, layer: Int) throws {
        let size = configuration.hiddenSize, epsilon = configuration.normEpsilon
        attentionNorm = try weights.norm("input_layernorm", count: size, epsilon: epsilon)
        feedForwardNorm = try weights.norm("post_attention_layernorm", count: size, epsilon: epsilon)
        attention =
            if let latent = configuration.latent {
                try LatentAttention(weights.below("self_attn"), configuration, latent, layer: layer)
            } else {
                try GroupedQueryAttention(weights.below("self_attn"), configuration, layer: layer)
            }
        feedForward =
            if let experts = configuration.experts, experts.layers[layer] {
                try ExpertFeedForward(weights.below("mlp"), configuration, experts)
            } else {
                try GatedFeedForward(
                    weights.below("mlp"), size: size, inner: configuration.intermediateSize,
                    hasBias: configuration.hasFeedForwardBias)
            }
    }
}

extension GroupedQueryAttention {
    init(_ weights: WeightReader, _ configuration: ModelConfiguration, layer: Int) throws {
        let size = configuration.hiddenSize, headSize = configuration.headSize, traits = configuration.family.traits
        let inner = configuration.headCount * headSize, groupInner = configuration.keyValueHeadCount * headSize
        let hasBias = configuration.hasQueryKeyValueBias
        query = try weights.projection("q_proj", rows: inner, columns: size, hasBias: hasBias)
        key = try weights.projection("k_proj", rows: groupInner, columns: size, hasBias: hasBias)
        value = try weights.projection("v_proj", rows: groupInner, columns: size, hasBias: hasBias)
        output = try weights.projection("o_proj", rows: size, columns: inner, hasBias: configuration.hasOutputBias)
        if traits.normalizesHeads {
            queryNorm = try weights.norm("q_norm", count: headSize, epsilon: configuration.normEpsilon)
            keyNorm = try weights.norm("k_norm", count: headSize, epsilon: configuration.normEpsilon)
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

extension GatedFeedForward {
    init(_ weights: WeightReader, size: Int, inner: Int, hasBias: Bool = false) throws {
        gate = try weights.projection("gate_proj", rows: inner, columns: size, hasBias: hasBias)
        up = try weights.projection("up_proj", rows: inner, columns: size, hasBias: hasBias)
        down = try weights.projection("down_proj", rows: size, columns: inner, hasBias: hasBias)
    }
}

extension ExpertFeedForward {
    init(_ weights: WeightReader, _ configuration: ModelConfiguration, _ sizes: ExpertConfiguration) throws {
        let size = configuration.hiddenSize, inner = sizes.intermediateSize
        let isClamped = configuration.family.traits.experts == .clamped
        let rule: Router.Rule =
            switch configuration.family.traits.experts {
            case .none, .softmax: .softmaxThenTop(normalizes: sizes.normalizesWeights)
            case .clamped: .topThenSoftmax
            case .groupedSigmoid:
                .groupedSigmoid(
                    correction: try weights.vector("gate.e_score_correction_bias", count: sizes.count),
                    groups: sizes.groupCount,
                    chosenGroups: sizes.chosenGroupCount, normalizes: sizes.normalizesWeights,
                    scale: Float(sizes.routedScale))
            }
        router = Router(
            projection: try weights.inFloat.projection(
                isClamped ? "router" : "gate", rows: sizes.count, columns: size, hasBias: isClamped),
            count: sizes.chosenCount, rule: rule)
        if isClamped, weights.contains("experts.0.gate_proj.weight") {
            experts = try (0..<sizes.count).map {
                let expert = weights.below("experts.\($0)")
                return ClampedFeedForward(
                    inner: .apart(
                        gate: try expert.projection("gate_proj", rows: inner, columns: size, hasBias: true),
                        up: try expert.projection("up_proj", rows: inner, columns: size, hasBias: true)),
                    down: try expert.projection("down_proj", rows: size, columns: inner, hasBias: true),
                    alpha: Float(sizes.swigluAlpha), limit: Float(sizes.swigluLimit))
            }
        } else if isClamped {
            let stacks = weights.below("experts"), isMXFP4 = configuration.isMXFP4
            let up = try stacks.expertProjections(
                "gate_up_proj", experts: sizes.count, rows: 2 * inner, columns: size, isMXFP4: isMXFP4)
            let down = try stacks.expertProjections(
                "down_proj", experts: sizes.count, rows: size, columns: inner, isMXFP4: isMXFP4)
            experts = zip(up, down).map {
                ClampedFeedForward(
                    inner: .joined($0), down: $1, alpha: Float(sizes.swigluAlpha), limit: Float(sizes.swigluLimit))
            }
        } else {
            experts = try (0..<sizes.count).map {
                try GatedFeedForward(weights.below("experts.\($0)"), size: size, inner: inner)
            }
        }
        if sizes.sharedCount > 0 {
            shared = try GatedFeedForward(weights.below("shared_experts"), size: size, inner: inner * sizes.sharedCount)
        }
    }
}
