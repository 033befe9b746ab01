/// The sizes and the routing of feed-forwards that are mixtures of experts.
public struct ExpertConfiguration: Sendable, Equatable {
    /// How many experts a layer has, and how many of them a token visits.
    public var count: Int, chosenCount: Int
    /// Inner width of one expert.
    public var intermediateSize: Int
    /// Whether the chosen experts' weights are made to sum to 1.
    public var normalizesWeights: Bool
    /// Which layers are mixtures; the others are dense.
    public var layers: [Bool]

    /// gpt_oss: α of the gate's sigmoid, and where gate and value are clamped.
    public var swigluAlpha = 1.702, swigluLimit = 7.0
    /// DeepSeek: experts fall into groups, of which the best are searched.
    public var groupCount = 1, chosenGroupCount = 1
    /// DeepSeek: factor of the routed experts' sum.
    public var routedScale = 1.0
    /// Inner width of the experts that every token visits besides, together; 0 where there are none.
    public var sharedIntermediateSize = 0

    init?(_ file: ConfigurationObject, traits: FamilyTraits, layerCount: Int) throws {
        let style = traits.experts
        guard style != .none else { return nil }
        // The same number goes under three names, by family and version.
        let countKey = ["num_local_experts", "n_routed_experts", "num_experts"].first { file.has($0) }
        count = try file.integer(countKey ?? "num_experts", in: ConfigurationObject.heads)
        chosenCount = try file.integer("num_experts_per_tok", in: 1...count)
        normalizesWeights = true
        switch style {
        case .none, .softmax, .softmaxBesideShared:
            intermediateSize = try file.integer("moe_intermediate_size")
            normalizesWeights = try file.bool("norm_topk_prob", default: false)
            let step = try file.integer("decoder_sparse_step", default: 1)
            let dense = Set(try file.integers("mlp_only_layers", default: []))
            layers = (0..<layerCount).map { ($0 + 1) % step == 0 && !dense.contains($0) }
            if style == .softmaxBesideShared {
                sharedIntermediateSize = try file.integer("shared_expert_intermediate_size")
            }
        case .softmaxOfChosen:
            intermediateSize = try file.integer("intermediate_size")
            layers = Array(repeating: true, count: layerCount)
        case .clamped:
            intermediateSize = try file.integer("intermediate_size")
            layers = Array(repeating: true, count: layerCount)
            swigluAlpha = try file.positive("swiglu_alpha", default: swigluAlpha)
            swigluLimit = try file.positive("swiglu_limit", default: swigluLimit)
        case .groupedSigmoid:
            intermediateSize = try file.integer("moe_intermediate_size")
            normalizesWeights = try file.bool("norm_topk_prob", default: true)
            let firstDense = try file.integer(
                "first_k_dense_replace", in: 0...Int(Int32.max), default: traits.defaultGroups.firstDense)
            layers = (0..<layerCount).map { $0 >= firstDense }
            groupCount = try file.integer("n_group", in: 1...count, default: traits.defaultGroups.count)
            let size = count / groupCount
            // A group is judged by its two best experts.
            guard count % groupCount == 0, size >= 2 else {
                throw file.malformed(
                    "n_group", found: "\(groupCount)",
                    expected: "groups of equal size, at least 2, of the \(count) experts")
            }
            chosenGroupCount = try file.integer(
                "topk_group", in: 1...groupCount, default: traits.defaultGroups.chosenCount)
            guard chosenCount <= chosenGroupCount * size else {
                throw file.malformed(
                    "num_experts_per_tok", found: "\(chosenCount)",
                    expected: "at most the \(chosenGroupCount * size) experts of \(chosenGroupCount) groups")
            }
            routedScale = try file.positive("routed_scaling_factor", default: 1)
            let sharedCount = try file.integer(
                "n_shared_experts", in: 0...1024, default: traits.defaultGroups.shared)
            sharedIntermediateSize = intermediateSize * sharedCount
        }
    }
}
