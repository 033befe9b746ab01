import Tensor

/// A mixture of experts: `Σ weight·expert(x)` over the experts that the router chooses for a row, plus the shared
/// experts, which all rows visit, times σ(x·wᵀ) where they have a gate.
struct ExpertFeedForward: FeedForward {
    let router: Router
    let experts: [any FeedForward]
    var shared: (any FeedForward)?
    /// [R, D] → [R, 1].
    var sharedGate: Projection?

    func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> {
        // The rows of one expert go through it together.
        var visits = [(rows: [Int], weights: [Float])](repeating: ([], []), count: experts.count)
        for (row, choices) in router(x).enumerated() {
            for choice in choices {
                visits[choice.expert].rows.append(row)
                visits[choice.expert].weights.append(choice.weight)
            }
        }
        var result = sharedSum(x)
        for (expert, visit) in zip(experts, visits) where !visit.rows.isEmpty {
            result.add(expert(x.selecting(rows: visit.rows)), weights: visit.weights, toRows: visit.rows)
        }
        return result
    }

    /// What all rows get, zeros without shared experts.
    private func sharedSum(_ x: Tensor<Float>) -> Tensor<Float> {
        guard let shared else { return Tensor(shape: x.shape, repeating: 0) }
        let sum = shared(x)
        guard let sharedGate else { return sum }
        var result = Tensor<Float>(shape: x.shape, repeating: 0)
        result.add(sum, weights: sharedGate(x).sigmoid().elements, toRows: Array(0..<x.rows))
        return result
    }
}
