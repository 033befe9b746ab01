import Tensor

// Under which names the weights of feed-forwards lie, family by family.

extension GatedFeedForward {
    /// - Parameter names: of gate, value and output.
    init(
        _ weights: WeightReader, size: Int, inner: Int, hasBias: Bool = false, activation: Activation = .silu,
        names: (gate: String, up: String, down: String) = ("gate_proj", "up_proj", "down_proj")
    ) throws {
        gate = try weights.projection(names.gate, rows: inner, columns: size, hasBias: hasBias)
        up = try weights.projection(names.up, rows: inner, columns: size, hasBias: hasBias)
        down = try weights.projection(names.down, rows: size, columns: inner, hasBias: hasBias)
        self.activation = activation
    }

    /// Gate and value in one matrix, the gate above.
    init(fused weights: WeightReader, size: Int, inner: Int, activation: Activation) throws {
        let both = try weights.projections("gate_up_proj", rows: [inner, inner], columns: size)
        (gate, up) = (both[0], both[1])
        down = try weights.projection("down_proj", rows: size, columns: inner)
        self.activation = activation
    }
}

extension ExpertFeedForward {
    init(_ weights: WeightReader, _ configuration: ModelConfiguration, _ sizes: ExpertConfiguration) throws {
        let size = configuration.hiddenSize, inner = sizes.intermediateSize
        let style = configuration.family.traits.experts
        let rule: Router.Rule =
            switch style {
            case .none, .softmax, .softmaxBesideShared: .softmaxThenTop(normalizes: sizes.normalizesWeights)
            case .softmaxOfChosen, .clamped: .topThenSoftmax
            case .groupedSigmoid:
                .groupedSigmoid(
                    correction: try weights.vector("gate.e_score_correction_bias", count: sizes.count),
                    groups: sizes.groupCount,
                    chosenGroups: sizes.chosenGroupCount, normalizes: sizes.normalizesWeights,
                    scale: Float(sizes.routedScale))
            }
        router = Router(
            projection: try weights.inFloat.projection(
                style == .clamped ? "router" : "gate", rows: sizes.count, columns: size, hasBias: style == .clamped),
            count: sizes.chosenCount, rule: rule)
        switch style {
        case .clamped where weights.contains("experts.0.gate_proj.weight"):
            experts = try (0..<sizes.count).map {
                let expert = weights.below("experts.\($0)")
                return ClampedFeedForward(
                    inner: .apart(
                        gate: try expert.projection("gate_proj", rows: inner, columns: size, hasBias: true),
                        up: try expert.projection("up_proj", rows: inner, columns: size, hasBias: true)),
                    down: try expert.projection("down_proj", rows: size, columns: inner, hasBias: true),
                    alpha: Float(sizes.swigluAlpha), limit: Float(sizes.swigluLimit))
            }
        case .clamped:
            let stacks = weights.below("experts"), isMXFP4 = configuration.isMXFP4
            let up = try stacks.expertProjections(
                "gate_up_proj", experts: sizes.count, rows: 2 * inner, columns: size, isMXFP4: isMXFP4)
            let down = try stacks.expertProjections(
                "down_proj", experts: sizes.count, rows: size, columns: inner, isMXFP4: isMXFP4)
            experts = zip(up, down).map {
                ClampedFeedForward(
                    inner: .joined($0), down: $1, alpha: Float(sizes.swigluAlpha), limit: Float(sizes.swigluLimit))
            }
        case .softmaxOfChosen:
            experts = try (0..<sizes.count).map {
                try GatedFeedForward(
                    weights.below("experts.\($0)"), size: size, inner: inner, names: (gate: "w1", up: "w3", down: "w2"))
            }
        default:
            experts = try (0..<sizes.count).map {
                try GatedFeedForward(weights.below("experts.\($0)"), size: size, inner: inner)
            }
        }
        guard sizes.sharedIntermediateSize > 0 else { return }
        let isGated = style == .softmaxBesideShared
        shared = try GatedFeedForward(
            weights.below(isGated ? "shared_expert" : "shared_experts"), size: size,
            inner: sizes.sharedIntermediateSize)
        sharedGate = isGated ? try weights.inFloat.projection("shared_expert_gate", rows: 1, columns: size) : nil
    }
}
