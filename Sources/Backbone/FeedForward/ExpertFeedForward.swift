import Tensor

/// A mixture of experts: `Σ weight·expert(x)` over the experts that the router chooses for a row, plus the shared
/// experts, which all rows visit.
struct ExpertFeedForward: FeedForward {
    let router: Router
    let experts: [any FeedForward]
    var shared: (any FeedForward)?

    func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> {
        // The rows of one expert go through it together.
        var visits = [(rows: [Int], weights: [Float])](repeating: ([], []), count: experts.count)
        for (row, choices) in router(x).enumerated() {
            for choice in choices {
                visits[choice.expert].rows.append(row)
                visits[choice.expert].weights.append(choice.weight)
            }
        }
        var result = shared.map { $0(x) } ?? Tensor(shape: x.shape, repeating: 0)
        for (expert, visit) in zip(experts, visits) where !visit.rows.isEmpty {
            result.add(expert(x.selecting(rows: visit.rows)), weights: visit.weights, toRows: visit.rows)
        }
        return result
    }
}
