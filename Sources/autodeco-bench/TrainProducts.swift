import AutoDecoHeads
import Tensor

/// The matrix products of a micro-batch and nothing else: both heads' first layers, and the gradients of their weights,
/// for hidden states in Float or in BF16.
struct TrainProducts<Hidden: HiddenStates> where Hidden.Element == Float {
    private let hidden: (Range<Int>) -> Hidden
    private let weight, stackedWeight: Tensor<Float>

    /// - Parameter hidden: some first rows of hidden states of D columns.
    init(D: Int, hidden: @escaping (Range<Int>) -> Hidden) {
        let width = HeadsConfiguration.publishedInnerSize
        self.hidden = hidden
        (weight, stackedWeight) = (randomTensor(width, D, seed: 3), randomTensor(2 * width, D, seed: 4))
    }

    /// One head after the other.
    func separate(rows: Int) {
        let hidden = hidden(0..<rows)
        for _ in 0..<2 { _ = hidden.weightGradients(hidden.innerLayers(weight)) }
    }

    /// Both heads' weights on top of each other: two products of the same size.
    func stacked(rows: Int) {
        let hidden = hidden(0..<rows)
        _ = hidden.weightGradients(hidden.innerLayers(stackedWeight))
    }
}

/// Numbers between −1 and 1.
func randomTensor(_ rows: Int, _ columns: Int, seed: UInt64) -> Tensor<Float> {
    var random = RandomGenerator(seed: seed)
    let block = (0..<100_003).map { _ in Float(random.uniform(in: -1..<1)) }
    return Tensor(shape: [rows, columns]) { x in for i in x.indices { x[i] = block[i % block.count] } }
}
