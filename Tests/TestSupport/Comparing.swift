import Backbone
import Tensor

/// The largest |got − want| / (1 + |want|), and the element where it is; infinite where a value is not a number.
package func largestDifference(_ got: Tensor<Float>, _ want: Tensor<Float>) -> (difference: Float, place: Int) {
    guard got.shape == want.shape else { return (.infinity, 0) }
    var worst: (difference: Float, place: Int) = (0, 0)
    for (i, (g, w)) in zip(got.elements, want.elements).enumerated() {
        let difference = abs(g - w) / (1 + abs(w))
        if !(difference <= worst.difference) { worst = (difference.isNaN ? .infinity : difference, i) }
    }
    return worst
}

/// Hidden states in the order of `model.hidden(sequences)`, but made with caches: prompts of unequal length read in one
/// pass, then one token of each sequence a pass; sequences leave when they end.
package func hiddenStepByStep(
    _ model: Transformer, _ sequences: [[Int]], prompts: [Int], pageSize: Int = 8
) throws -> Tensor<Float> {
    let caches = sequences.map { _ in model.makeCache(pageSize: pageSize) }
    var rows = [[Float]](repeating: [], count: sequences.count)
    var read = [Int](repeating: 0, count: sequences.count)
    while true {
        let open = sequences.indices.filter { read[$0] < sequences[$0].count }
        if open.isEmpty { break }
        let counts = open.map { read[$0] == 0 ? min(prompts[$0], sequences[$0].count) : 1 }
        let hidden = try model.advance(
            zip(open, counts).map { (caches[$0], Array(sequences[$0][read[$0]..<read[$0] + $1])) })
        var row = 0
        for (sequence, count) in zip(open, counts) {
            rows[sequence] += hidden.elements[row * hidden.columns..<(row + count) * hidden.columns]
            row += count
            read[sequence] += count
        }
    }
    let all = rows.flatMap { $0 }
    return Tensor(shape: [all.count / model.configuration.hiddenSize, model.configuration.hiddenSize], all)
}
