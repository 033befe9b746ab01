import Tensor

/// Which experts a token visits, and how much each of them counts, from its logits z = x·Wᵀ (+ b).
struct Router: Sendable {
    enum Rule: Sendable {
        /// qwen2_moe, qwen3_moe: softmax over all experts, the largest k; made to sum to 1 where `normalizes`.
        case softmaxThenTop(normalizes: Bool)
        /// gpt_oss, mixtral: the largest k logits, softmax over those.
        case topThenSoftmax
        /// DeepSeek-V3, glm4_moe: scores s = σ(z). The choice goes by s + `correction`: of equal groups of experts the
        /// `chosenGroups` whose two best sum highest, of their experts the largest k. The weights are s alone, made to
        /// sum to 1 where `normalizes`, times `scale`.
        case groupedSigmoid(correction: [Float], groups: Int, chosenGroups: Int, normalizes: Bool, scale: Float)
    }

    struct Choice: Equatable, Sendable {
        var expert: Int
        var weight: Float
    }

    let projection: Projection
    let count: Int
    let rule: Rule

    /// The k choices of each row, the strongest first; of equal experts the lower number goes first.
    func callAsFunction(_ x: Tensor<Float>) -> [[Choice]] {
        let logits = projection(x)
        return logits.withUnsafeBufferPointer { z in
            (0..<logits.rows).map { row in choices(Array(z[row * logits.columns..<(row + 1) * logits.columns])) }
        }
    }

    func choices(_ z: [Float]) -> [Choice] {
        switch rule {
        case .softmaxThenTop(let normalizes):
            let p = Self.softmax(z)
            return Self.weighted(Self.largest(count, of: p), by: p, normalizes: normalizes)
        case .topThenSoftmax:
            let chosen = Self.largest(count, of: z)
            return zip(chosen, Self.softmax(chosen.map { z[$0] })).map { Choice(expert: $0, weight: $1) }
        case .groupedSigmoid(let correction, let groups, let chosenGroups, let normalizes, let scale):
            let s = z.map { 1 / (1 + Float.exponential(-$0)) }
            var merit = zip(s, correction).map { $0 + $1 }
            let size = z.count / groups
            let groupMerits = (0..<groups).map { group in
                merit[group * size..<(group + 1) * size].sorted(by: >).prefix(2).reduce(0, +)
            }
            let open = Set(Self.largest(chosenGroups, of: groupMerits))
            for expert in merit.indices where !open.contains(expert / size) { merit[expert] = -.infinity }
            return Self.weighted(Self.largest(count, of: merit), by: s, normalizes: normalizes)
                .map { Choice(expert: $0.expert, weight: $0.weight * scale) }
        }
    }

    private static func weighted(_ chosen: [Int], by p: [Float], normalizes: Bool) -> [Choice] {
        let total = normalizes ? chosen.reduce(Float(1e-20)) { $0 + p[$1] } : 1
        return chosen.map { Choice(expert: $0, weight: p[$0] / total) }
    }

    private static func softmax(_ z: [Float]) -> [Float] {
        let maximum = z.max() ?? 0
        let e = z.map { Float.exponential($0 - maximum) }
        let total = e.reduce(0, +)
        return e.map { $0 / total }
    }

    private static func largest(_ count: Int, of x: [Float]) -> [Int] {
        Array(x.indices.sorted { x[$0] != x[$1] ? x[$0] > x[$1] : $0 < $1 }.prefix(count))
    }
}
